// Claims of articles about SO_REUSEADDR and TIME_WAIT, tried by the commands that the articles show.
#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/command.h"
#include "lab/stage/stage.h"
#include "net/diag/sockets.h"

namespace lastbyte::lab {
namespace {

constexpr const char* kServe = "sock -s 0.0.0.0 80";
constexpr const char* kServeReusing = "sock -A -s 10.0.0.17 80";
constexpr const char* kServeWildcardReusing = "sock -A -s 0.0.0.0 80";
constexpr const char* kConnect = "sock -b 46210 10.0.0.17 80";
constexpr const char* kConnectReusing = "sock -A -b 47480 10.0.0.17 80";
// Commands of no article: their ports are free when the others are not.
constexpr const char* kConnectUnstamped = "sock -A -b 47482 10.0.0.17 80";
constexpr const char* kConnectOther = "sock -A -b 47481 10.0.0.17 80";

constexpr Expectation kClaimsTable[] = {
    {"claim: after the client closed first, the server cannot start again", "false: listens"},
    {"claim: after it closed first, a client cannot take its port again", "true: EADDRINUSE"},
    {"claim: -A lets the client take a port that is in TIME_WAIT",
     "false: EADDRINUSE",
     {},
     "the first client lacked -A: net/ipv4/inet_connection_sock.c inet_bind_conflict"},
    {"claim: with -A on both clients, bind() succeeds and connect() to the same server fails until TIME_WAIT is over",
     "false: connected",
     {},
     "with time stamps: net/ipv4/tcp_ipv4.c tcp_twsk_unique"},
    {"claim: the same without TCP time stamps", "true: EADDRNOTAVAIL", {}, "net/ipv4/tcp_ipv4.c tcp_twsk_unique"},
    {"claim: -A lets a server listen at one address while another listens at the wildcard",
     "false: EADDRINUSE",
     {},
     "true on BSD; net/ipv4/inet_connection_sock.c inet_bind_conflict"},
    {"claim: with -A on both servers, the specific address and the wildcard go together", "false: EADDRINUSE"},
    {"claim: -A is about TIME_WAIT alone, and a connection that is ESTABLISHED still stops the next server",
     "false: listens"},
    {"claim: with -A on both servers, the next one need not wait for TIME_WAIT", "true: listens"},
    {"claim: -A ends the TIME_WAIT", "false: LISTEN TIME_WAIT"},
    {"claim: a server's TIME_WAIT refuses the same client port until it is over",
     "false: connected",
     {},
     "net/ipv4/tcp_minisocks.c tcp_timewait_state_process"},
    {"claim: without -A, a server that closed first cannot start again while TIME_WAIT lasts", "true: EADDRINUSE"},
    {"claim: -A on the new server is enough for that",
     "false: EADDRINUSE",
     {},
     "true on BSD; on Linux the old one must have had it as well: socket(7)"},
};

/// Judges what the articles claim by the results of the commands.
class Claims {
 public:
  explicit Claims(Stage& stage) : stage_(stage) {}

  void judge(const std::string& claim, const std::string& outcome, bool holds) {
    stage_.see("claim: " + claim, (holds ? "true: " : "false: ") + outcome);
  }
  /// Judges a claim that this command fails.
  void judge_failing(const std::string& claim, const SockCommand& command) {
    judge(claim, command.outcome(), !succeeded(command));
  }
  /// Judges a claim that this command succeeds.
  void judge_succeeding(const std::string& claim, const SockCommand& command) {
    judge(claim, command.outcome(), succeeded(command));
  }
  SockCommand client(const std::string& line) { return *SockCommand::start(stage_, Who::client, line); }
  SockCommand server(const std::string& line) { return *SockCommand::start(stage_, Who::server, line); }

  /// A client of a server that has taken it. `sock -s` then closes its listening socket. A server that is interrupted
  /// before that resets the client from its queue, and no TIME_WAIT follows.
  SockCommand served_client(const std::string& line) {
    SockCommand connected = client(line);
    stage_.await_none_in(Who::server, 80, "LISTEN");
    return connected;
  }

  /// Makes a connection whose client closes first, which also ends its server.
  void connect_and_close(const std::string& line) {
    SockCommand serving = server(kServe);
    SockCommand connected = served_client(line);
    connected.interrupt();
    serving.await_end();
  }

 private:
  static bool succeeded(const SockCommand& command) {
    return command.outcome() == "listens" || command.outcome() == "connected";
  }

  Stage& stage_;
};

void play_client_claims(Stage& stage) {
  Claims claims(stage);
  stage.scene("the client closes first");
  claims.connect_and_close(kConnect);
  SockCommand serving = claims.server(kServe);
  claims.judge_failing("after the client closed first, the server cannot start again", serving);
  claims.judge_failing("after it closed first, a client cannot take its port again", claims.client(kConnect));
  claims.judge_succeeding("-A lets the client take a port that is in TIME_WAIT",
                          claims.client("sock -A -b 46210 10.0.0.17 80"));
  serving.interrupt();

  stage.scene("the client closes first, with -A");
  claims.connect_and_close(kConnectReusing);
  {
    SockCommand next = claims.server(kServe);
    SockCommand again = claims.client(kConnectReusing);
    claims.judge_failing(
        "with -A on both clients, bind() succeeds and connect() to the same server fails until TIME_WAIT is over",
        again);
    again.interrupt();
    next.await_end();
  }
  stage.scene("the client closes first, with -A and without time stamps");
  for (const Who who : {Who::client, Who::server}) stage.set_kernel(who, "tcp_timestamps", "0");
  claims.connect_and_close(kConnectUnstamped);
  {
    const SockCommand next = claims.server(kServe);
    claims.judge_failing("the same without TCP time stamps", claims.client(kConnectUnstamped));
  }
  for (const Who who : {Who::client, Who::server}) stage.set_kernel(who, "tcp_timestamps", "1");
}

void play_server_claims(Stage& stage) {
  Claims claims(stage);
  stage.scene("two servers at once");
  {
    SockCommand first = claims.server(kServe);
    claims.judge_succeeding("-A lets a server listen at one address while another listens at the wildcard",
                            claims.server(kServeReusing));
    first.interrupt();
    SockCommand reusing = claims.server(kServeWildcardReusing);
    claims.judge_succeeding("with -A on both servers, the specific address and the wildcard go together",
                            claims.server(kServeReusing));
    reusing.interrupt();
  }
  stage.scene("the server closes first, with -A");
  {
    SockCommand serving = claims.server(kServeReusing);
    SockCommand connected = claims.served_client(kConnectOther);
    SockCommand next = claims.server(kServeReusing);
    claims.judge_failing(
        "-A is about TIME_WAIT alone, and a connection that is ESTABLISHED still stops the next server", next);
    next.interrupt();
    serving.interrupt();
    connected.await_end();
  }
  stage.await_states(Who::server, 80, "TIME_WAIT");
  {
    SockCommand serving = claims.server(kServeReusing);
    claims.judge_succeeding("with -A on both servers, the next one need not wait for TIME_WAIT", serving);
    const std::string states = stage.await_states(Who::server, 80, "LISTEN TIME_WAIT");
    claims.judge("-A ends the TIME_WAIT", states, states == "LISTEN");
    SockCommand connected = claims.served_client(kConnectOther);
    claims.judge_failing("a server's TIME_WAIT refuses the same client port until it is over", connected);
    connected.interrupt();
    serving.await_end();
  }
}

/// Removes all TIME_WAITs: they would stop every later server without -A.
bool forget_time_waits(Stage& stage) {
  bool done = false;
  stage.inside(Who::server, [&] {
    net::diag::Filter all;
    done = net::diag::destroy_time_wait(all).has_value();
  });
  return done;
}

void play_server_without_option(Stage& stage) {
  Claims claims(stage);
  stage.scene("the server closes first");
  const std::string claim = "without -A, a server that closed first cannot start again while TIME_WAIT lasts";
  const std::string other = "-A on the new server is enough for that";
  if (!forget_time_waits(stage)) {
    for (const std::string& each : {claim, other})
      stage.not_observed("claim: " + each,
                         "this kernel does not end the TIME_WAITs of the claims before (SOCK_DESTROY)");
    return;
  }
  SockCommand serving = claims.server(kServe);
  SockCommand connected = claims.served_client(kConnectOther);
  serving.interrupt();
  connected.await_end();
  stage.await_states(Who::server, 80, "TIME_WAIT");
  claims.judge_failing(claim, claims.server(kServe));
  claims.judge_succeeding(other, claims.server(kServeReusing));
}

/// Returns why the commands cannot run here; empty: they can.
std::string obstacle(Stage& stage) {
  if (!stage.add_address(Who::server, "10.0.0.17")) return "the server's host got no address 10.0.0.17";
  if (stage.medium() == Medium::veth && !stage.add_address(Who::client, "10.0.0.18"))
    return "the client's host got no address 10.0.0.18";
  const auto tried = SockCommand::start(stage, Who::server, kServe);
  return tried ? "" : tried.error().text();
}

void play_bind_claims(Stage& stage) {
  if (const std::string why = obstacle(stage); !why.empty()) {
    stage.scene("the commands cannot be run");
    stage.note(Who::server, EventKind::call, why);
    for (const Expectation& each : kClaimsTable) stage.not_observed(std::string(each.row), why);
    return;
  }
  play_client_claims(stage);
  play_server_claims(stage);
  play_server_without_option(stage);
}

}  // namespace

const Experiment kBindClaims{
    .name = "bind-claims",
    .title = "Claims of articles about SO_REUSEADDR and TIME_WAIT: true or false here",
    .question =
        "The experiment starts and stops a server and a client by the commands of a well-known article: sock -s "
        "0.0.0.0 80, sock -b 46210 10.0.0.17 80, sock -A -b 47480 10.0.0.17 80 and sock -A -s 10.0.0.17 80. -A is "
        "SO_REUSEADDR, -s listens and -b binds a client's port. `lastbyte sock` runs them unchanged. Each claim about "
        "them is tried on this kernel.",
    .table = kClaimsTable,
    .finding =
        "On Linux, SO_REUSEADDR must be set on the old socket as well as on the new one. It then allows bind() beside "
        "connections in every state, but never beside a listening socket. It ends no TIME_WAIT. A client may use its "
        "own port again if TCP time stamps are on.",
    .advice =
        "Set SO_REUSEADDR on every listening socket from its first version on: a restart cannot add what the old "
        "process left out. Do not rely on the BSD rule for a specific address beside the wildcard.",
    .play = play_bind_claims,
};

}  // namespace lastbyte::lab
