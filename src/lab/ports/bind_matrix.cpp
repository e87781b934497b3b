// Which socket may bind a used port: SO_REUSEADDR and SO_REUSEPORT against each state of the port's holder.
#include <sys/socket.h>

#include <string>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kBindTable[] = {
    {"LISTEN, same address, no option", "bind EADDRINUSE"},
    {"LISTEN, same address, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"LISTEN, same address, SO_REUSEADDR on both", "bind EADDRINUSE"},
    {"LISTEN, same address, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"LISTEN, wildcard after specific, no option", "bind EADDRINUSE"},
    {"LISTEN, wildcard after specific, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"LISTEN, wildcard after specific, SO_REUSEADDR on both", "bind EADDRINUSE"},
    {"LISTEN, wildcard after specific, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"LISTEN, specific after wildcard, no option", "bind EADDRINUSE"},
    {"LISTEN, specific after wildcard, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"LISTEN, specific after wildcard, SO_REUSEADDR on both", "bind EADDRINUSE"},
    {"LISTEN, specific after wildcard, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"LISTEN, [::] after 0.0.0.0, no option", "bind EADDRINUSE"},
    {"LISTEN, [::] after 0.0.0.0, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"LISTEN, [::] after 0.0.0.0, SO_REUSEADDR on both", "bind EADDRINUSE"},
    {"LISTEN, [::] after 0.0.0.0, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"ESTABLISHED, same address, no option", "bind EADDRINUSE"},
    {"ESTABLISHED, same address, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"ESTABLISHED, same address, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"ESTABLISHED, same address, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"ESTABLISHED, wildcard after specific, no option", "bind EADDRINUSE"},
    {"ESTABLISHED, wildcard after specific, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"ESTABLISHED, wildcard after specific, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"ESTABLISHED, wildcard after specific, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"ESTABLISHED, specific after wildcard, no option", "bind EADDRINUSE"},
    {"ESTABLISHED, specific after wildcard, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"ESTABLISHED, specific after wildcard, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"ESTABLISHED, specific after wildcard, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"ESTABLISHED, [::] after 0.0.0.0, no option", "bind EADDRINUSE"},
    {"ESTABLISHED, [::] after 0.0.0.0, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"ESTABLISHED, [::] after 0.0.0.0, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"ESTABLISHED, [::] after 0.0.0.0, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"FIN_WAIT2, same address, no option", "bind EADDRINUSE"},
    {"FIN_WAIT2, same address, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"FIN_WAIT2, same address, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"FIN_WAIT2, same address, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"FIN_WAIT2, wildcard after specific, no option", "bind EADDRINUSE"},
    {"FIN_WAIT2, wildcard after specific, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"FIN_WAIT2, wildcard after specific, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"FIN_WAIT2, wildcard after specific, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"FIN_WAIT2, specific after wildcard, no option", "bind EADDRINUSE"},
    {"FIN_WAIT2, specific after wildcard, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"FIN_WAIT2, specific after wildcard, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"FIN_WAIT2, specific after wildcard, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"FIN_WAIT2, [::] after 0.0.0.0, no option", "bind EADDRINUSE"},
    {"FIN_WAIT2, [::] after 0.0.0.0, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"FIN_WAIT2, [::] after 0.0.0.0, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"FIN_WAIT2, [::] after 0.0.0.0, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"TIME_WAIT, same address, no option", "bind EADDRINUSE"},
    {"TIME_WAIT, same address, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"TIME_WAIT, same address, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"TIME_WAIT, same address, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"TIME_WAIT, wildcard after specific, no option", "bind EADDRINUSE"},
    {"TIME_WAIT, wildcard after specific, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"TIME_WAIT, wildcard after specific, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"TIME_WAIT, wildcard after specific, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"TIME_WAIT, specific after wildcard, no option", "bind EADDRINUSE"},
    {"TIME_WAIT, specific after wildcard, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"TIME_WAIT, specific after wildcard, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"TIME_WAIT, specific after wildcard, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"TIME_WAIT, [::] after 0.0.0.0, no option", "bind EADDRINUSE"},
    {"TIME_WAIT, [::] after 0.0.0.0, SO_REUSEADDR on the new", "bind EADDRINUSE"},
    {"TIME_WAIT, [::] after 0.0.0.0, SO_REUSEADDR on both", "bind 0, listen 0"},
    {"TIME_WAIT, [::] after 0.0.0.0, SO_REUSEPORT on both", "bind 0, listen 0"},
    {"a client's port in TIME_WAIT, SO_REUSEADDR, another destination", "bind 0, connect 0"},
    {"a client's port in TIME_WAIT, SO_REUSEADDR, at once, tcp_tw_reuse 0",
     "bind 0, connect 0",
     {},
     "net/ipv4/tcp_ipv4.c tcp_twsk_unique: a port that the program chose needs time stamps only"},
    {"a client's port in TIME_WAIT, SO_REUSEADDR, at once, tcp_tw_reuse 1", "bind 0, connect 0"},
    {"a client's port in TIME_WAIT, SO_REUSEADDR, at once, tcp_tw_reuse 2", "bind 0, connect 0"},
    {"a client's port in TIME_WAIT, SO_REUSEADDR, at once, without time stamps", "bind 0, connect EADDRNOTAVAIL"},
    {"a client's port in TIME_WAIT, no option", "bind EADDRINUSE"},
};

enum class Reuse : std::uint8_t { none, address_of_the_new, address_of_both, port_of_both };
enum class Holder : std::uint8_t { listens, established, fin_wait2, time_wait };
enum class Pairing : std::uint8_t { same, wildcard_second, specific_second, ipv6_second };

const char* text_of(Reuse reuse) {
  switch (reuse) {
    case Reuse::none: return "no option";
    case Reuse::address_of_the_new: return "SO_REUSEADDR on the new";
    case Reuse::address_of_both: return "SO_REUSEADDR on both";
    case Reuse::port_of_both: return "SO_REUSEPORT on both";
  }
  return "?";
}

const char* text_of(Holder holder) {
  switch (holder) {
    case Holder::listens: return "LISTEN";
    case Holder::established: return "ESTABLISHED";
    case Holder::fin_wait2: return "FIN_WAIT2";
    case Holder::time_wait: return "TIME_WAIT";
  }
  return "?";
}

const char* text_of(Pairing pairing) {
  switch (pairing) {
    case Pairing::same: return "same address";
    case Pairing::wildcard_second: return "wildcard after specific";
    case Pairing::specific_second: return "specific after wildcard";
    case Pairing::ipv6_second: return "[::] after 0.0.0.0";
  }
  return "?";
}

void set_reuse(Socket& socket, Reuse reuse, bool is_new) {
  if (reuse == Reuse::address_of_both || (reuse == Reuse::address_of_the_new && is_new))
    socket.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  if (reuse == Reuse::port_of_both) socket.set(SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
}

/// The port stays in that state while this object lives.
struct Held {
  Socket holder;  ///< open if the state needs an open socket
  Socket client;
  std::uint16_t port = 0;
};

Held hold(Stage& stage, Holder state, Pairing pairing, Reuse reuse) {
  Held held;
  Socket listening = stage.socket(Who::server);
  set_reuse(listening, reuse, false);
  const bool wildcard = pairing == Pairing::specific_second || pairing == Pairing::ipv6_second;
  listening.bind(wildcard ? *net::Address::parse("0.0.0.0", 0) : stage.address(Who::server));
  listening.listen();
  held.port = listening.local().port();
  if (state == Holder::listens) {
    held.holder = std::move(listening);
    return held;
  }
  held.client = stage.socket(Who::client);
  held.client.connect(stage.address(Who::server, held.port));
  Socket accepted = listening.accept();
  listening.close();
  if (state == Holder::established) {
    held.holder = std::move(accepted);
    return held;
  }
  accepted.close();
  held.client.wait_hangup();
  if (state == Holder::time_wait) held.client.close();
  stage.await_states(Who::server, held.port, text_of(state));
  return held;
}

void play_bind_case(Stage& stage, Holder state, Pairing pairing, Reuse reuse) {
  const std::string name = std::string(text_of(state)) + ", " + text_of(pairing) + ", " + text_of(reuse);
  stage.scene(name);
  const Held held = hold(stage, state, pairing, reuse);
  Socket fresh = stage.socket(Who::server, pairing == Pairing::ipv6_second ? AF_INET6 : AF_INET);
  set_reuse(fresh, reuse, true);
  net::Address at = stage.address(Who::server, held.port);
  if (pairing == Pairing::wildcard_second) at = *net::Address::parse("0.0.0.0", held.port);
  if (pairing == Pairing::ipv6_second) at = *net::Address::parse("::", held.port);
  const std::string bound = fresh.bind(at);
  stage.see(name, bound == "0" ? "bind 0, listen " + fresh.listen() : "bind " + bound);
}

/// A client that binds again the port that it left in TIME_WAIT.
class ClientAgain {
 public:
  explicit ClientAgain(Stage& stage) : stage_(stage), listening_(stage.listener()) {
    Stage::Pair pair = connect_alone();
    from_ = pair.client.local();
    pair.client.close();
    pair.server.read_to_end();
    pair.server.close();
    stage_.await_states(Who::client, from_.port(), "TIME_WAIT");
  }

  /// Connects from the same port, to the same destination or another.
  std::string connect(bool reuse, bool other_destination = false) {
    const Socket other = stage_.listener();
    Socket again = stage_.socket(Who::client);
    if (reuse) again.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
    const std::string bound = again.bind(from_);
    if (bound != "0") return "bind " + bound;
    return "bind 0, connect " + again.connect(other_destination ? other.local() : listening_.local());
  }

 private:
  /// From a port that no earlier connection has in TIME_WAIT: its socket may have lacked the option.
  Stage::Pair connect_alone() {
    std::vector<Stage::Pair> others;
    while (true) {
      Stage::Pair pair{.client = stage_.socket(Who::client), .server = {}};
      // As above, the option counts only if both sockets had it.
      pair.client.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
      pair.client.connect(listening_.local());
      pair.server = listening_.accept();
      constexpr std::size_t kMostOthers = 8;
      const bool alone = stage_.states(Who::client, pair.client.local().port()) == "ESTABLISHED";
      if (alone || others.size() == kMostOthers) return pair;
      others.push_back(std::move(pair));
    }
  }

  Stage& stage_;
  Socket listening_;
  net::Address from_;
};

void play_client_again(Stage& stage) {
  stage.scene("a client's own port in TIME_WAIT");
  stage.see("a client's port in TIME_WAIT, no option", ClientAgain(stage).connect(false));
  stage.see("a client's port in TIME_WAIT, SO_REUSEADDR, another destination", ClientAgain(stage).connect(true, true));
  for (const char* reuse : {"0", "1", "2"}) {
    stage.set_kernel(Who::client, "tcp_tw_reuse", reuse);
    stage.see(std::string("a client's port in TIME_WAIT, SO_REUSEADDR, at once, tcp_tw_reuse ") + reuse,
              ClientAgain(stage).connect(true));
  }
  stage.set_kernel(Who::client, "tcp_timestamps", "0");
  stage.see("a client's port in TIME_WAIT, SO_REUSEADDR, at once, without time stamps",
            ClientAgain(stage).connect(true));
}

void play_bind_matrix(Stage& stage) {
  for (const Holder state : {Holder::listens, Holder::established, Holder::fin_wait2, Holder::time_wait})
    for (const Pairing pairing :
         {Pairing::same, Pairing::wildcard_second, Pairing::specific_second, Pairing::ipv6_second})
      for (const Reuse reuse : {Reuse::none, Reuse::address_of_the_new, Reuse::address_of_both, Reuse::port_of_both})
        play_bind_case(stage, state, pairing, reuse);
  play_client_again(stage);
}

}  // namespace

const Experiment kBindMatrix{
    .name = "bind-matrix",
    .title = "Which socket may bind a port that is in use",
    .question =
        "A socket holds a port in LISTEN, ESTABLISHED, FIN_WAIT2 or TIME_WAIT. Another socket binds the port and "
        "listens: at the same address, at the wildcard after a specific address, or at a specific address after the "
        "wildcard; with SO_REUSEADDR or SO_REUSEPORT. Also, a client binds its own port again, which is in TIME_WAIT.",
    .table = kBindTable,
    .finding =
        "With SO_REUSEADDR on both sockets, a server can start again over everything but a listening socket. If the "
        "old socket lacked it, SO_REUSEADDR on the new one does not help. SO_REUSEPORT on both shares even a listening "
        "port.",
    .advice =
        "Set SO_REUSEADDR on every listening socket, so that old connections do not delay a restart. A client should "
        "let the kernel choose its port at connect() (IP_BIND_ADDRESS_NO_PORT).",
    .play = play_bind_matrix,
};

}  // namespace lastbyte::lab
