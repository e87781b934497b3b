// When the kernel allows a port in TIME_WAIT again for the same destination.
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kernel/timewait/reuses.h"
#include "kernel/timewait/timewaits.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kTimeWaitTable[] = {
    {"tcp_tw_reuse 0, timestamps on: TcpExt:TWRecycled", "0"},
    {"tcp_tw_reuse 0, timestamps on: tcp_twsk_unique() returned", "0"},
    {"tcp_tw_reuse 0, timestamps on: TIME_WAITs that keep a time stamp of the peer", "2 of 2"},
    {"tcp_tw_reuse 0, timestamps on: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 0, timestamps on: two more, later", "EADDRNOTAVAIL, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 1, timestamps on: TcpExt:TWRecycled", "2"},
    {"tcp_tw_reuse 1, timestamps on: tcp_twsk_unique() returned", "0 and 1"},
    {"tcp_tw_reuse 1, timestamps on: TIME_WAITs that keep a time stamp of the peer", "2 of 2"},
    {"tcp_tw_reuse 1, timestamps on: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 1, timestamps on: two more, later", "0, 0"},
    {"tcp_tw_reuse 2, timestamps on: TcpExt:TWRecycled", "2", "0",
     "2 allows it on loopback only: net/ipv4/tcp_ipv4.c tcp_twsk_unique"},
    {"tcp_tw_reuse 2, timestamps on: tcp_twsk_unique() returned", "0 and 1", "0",
     "2 allows it on loopback only: net/ipv4/tcp_ipv4.c tcp_twsk_unique"},
    {"tcp_tw_reuse 2, timestamps on: TIME_WAITs that keep a time stamp of the peer", "2 of 2"},
    {"tcp_tw_reuse 2, timestamps on: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 2, timestamps on: two more, later", "0, 0", "EADDRNOTAVAIL, EADDRNOTAVAIL",
     "2 allows it on loopback only: net/ipv4/tcp_ipv4.c tcp_twsk_unique"},
    {"tcp_tw_reuse 0, timestamps off: TcpExt:TWRecycled", "0"},
    {"tcp_tw_reuse 0, timestamps off: tcp_twsk_unique() returned", "0"},
    {"tcp_tw_reuse 0, timestamps off: TIME_WAITs that keep a time stamp of the peer", "0 of 2"},
    {"tcp_tw_reuse 0, timestamps off: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 0, timestamps off: two more, later", "EADDRNOTAVAIL, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 1, timestamps off: TcpExt:TWRecycled", "0"},
    {"tcp_tw_reuse 1, timestamps off: tcp_twsk_unique() returned", "0"},
    {"tcp_tw_reuse 1, timestamps off: TIME_WAITs that keep a time stamp of the peer", "0 of 2"},
    {"tcp_tw_reuse 1, timestamps off: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 1, timestamps off: two more, later", "EADDRNOTAVAIL, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 2, timestamps off: TcpExt:TWRecycled", "0"},
    {"tcp_tw_reuse 2, timestamps off: tcp_twsk_unique() returned", "0"},
    {"tcp_tw_reuse 2, timestamps off: TIME_WAITs that keep a time stamp of the peer", "0 of 2"},
    {"tcp_tw_reuse 2, timestamps off: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse 2, timestamps off: two more, later", "EADDRNOTAVAIL, EADDRNOTAVAIL"},
    {"tcp_tw_reuse_delay 200: TcpExt:TWRecycled", "2"},
    {"tcp_tw_reuse_delay 200: tcp_twsk_unique() returned", "0 and 1"},
    {"tcp_tw_reuse_delay 200: TIME_WAITs that keep a time stamp of the peer", "2 of 2"},
    {"tcp_tw_reuse_delay 200: three connect()s at once", "0, 0, EADDRNOTAVAIL"},
    {"tcp_tw_reuse_delay 200: two more, later", "0, 0"},
    {"the server keeps the TIME_WAIT: states of its port", "LISTEN TIME_WAIT"},
    {"the server keeps the TIME_WAIT: states of its port afterwards", "ESTABLISHED LISTEN"},
    {"the server keeps the TIME_WAIT: the same client port connects at once", "0"},
};

/// Makes a connection whose client closes first, so that the client's side keeps the TIME_WAIT.
std::string connect_and_close(Stage& stage, Socket& listening) {
  Socket client = stage.socket(Who::client);
  const std::string outcome = client.connect(listening.local());
  if (outcome != "0") return outcome;
  Socket accepted = listening.accept();
  const std::uint16_t port = client.local().port();
  client.close();
  accepted.read_to_end();
  accepted.close();
  stage.await_states(Who::client, port, "TIME_WAIT");
  return outcome;
}

/// What tcp_twsk_unique() returned to the client, by a BPF program at the function's end. Some kernels allow none.
class Answers {
 public:
  explicit Answers(Stage& stage) : stage_(stage), watch_(kernel::TimeWaitReuses::watch()) {
    struct stat status{};
    if (::fstat(stage.network(Who::client), &status) == 0) network_ = static_cast<std::uint32_t>(status.st_ino);
  }

  /// Reports those since the last call.
  void see(const std::string& row) {
    if (!watch_) {
      stage_.not_observed(row, watch_.error().text());
      return;
    }
    const auto now = (*watch_)->in(network_);
    const bool allowed = now.allowed != before_.allowed;
    const bool refused = now.refused != before_.refused;
    before_ = now;
    stage_.see(row, allowed && refused ? "0 and 1" : allowed ? "1" : refused ? "0" : "it was not called");
  }

 private:
  Stage& stage_;
  Result<std::unique_ptr<kernel::TimeWaitReuses>> watch_;
  std::uint32_t network_ = 0;
  kernel::TimeWaitReuses::Answers before_;
};

/// Reads the time stamps that tcp_twsk_unique() checks, by an iterator in the kernel.
void see_time_stamps(Stage& stage, const std::string& row, const net::Address& to) {
  auto all = Result<std::vector<kernel::TimeWait>>(std::vector<kernel::TimeWait>{});
  stage.inside(Who::client, [&] { all = kernel::list_time_waits(); });
  if (!all) {
    stage.not_observed(row, all.error().text());
    return;
  }
  const auto ours = [&](const kernel::TimeWait& each) { return each.remote == to; };
  const auto stamped = [&](const kernel::TimeWait& each) { return ours(each) && each.recent_stamp != 0; };
  stage.see(row, std::to_string(std::ranges::count_if(*all, stamped)) + " of " +
                     std::to_string(std::ranges::count_if(*all, ours)));
}

void play_two_ports(Stage& stage, Answers& answers, const std::string& name, int first_port,
                    std::chrono::milliseconds pause, const char* delay_ms = "1000") {
  stage.scene(name);
  // A long delay keeps "at once" true on a slow machine. Kernels without the setting wait a second.
  stage.set_kernel(Who::client, "tcp_tw_reuse_delay", "60000");
  stage.set_kernel(Who::client, "ip_local_port_range",
                   std::to_string(first_port) + " " + std::to_string(first_port + 1));
  // The server's port is outside the range of two: on loopback both sides take ports from one kernel.
  Socket listening = stage.socket(Who::server);
  listening.bind(stage.address(Who::server, static_cast<std::uint16_t>(first_port - 1)));
  listening.listen();
  std::string at_once;
  for (int i = 0; i < 3; ++i) at_once += (i == 0 ? "" : ", ") + connect_and_close(stage, listening);
  stage.see(name + ": three connect()s at once", at_once);
  see_time_stamps(stage, name + ": TIME_WAITs that keep a time stamp of the peer", listening.local());
  stage.set_kernel(Who::client, "tcp_tw_reuse_delay", delay_ms);
  std::this_thread::sleep_for(pause);
  std::string later;
  for (int i = 0; i < 2; ++i) later += (i == 0 ? "" : ", ") + connect_and_close(stage, listening);
  stage.see(name + ": two more, later", later);
  answers.see(name + ": tcp_twsk_unique() returned");
  stage.see(name + ": TcpExt:TWRecycled", std::to_string(stage.risen(Who::client, "TcpExt:TWRecycled")));
}

/// The server closes first and keeps the TIME_WAIT. The client connects again from the same port.
void play_server_side(Stage& stage) {
  stage.scene("the server keeps the TIME_WAIT");
  Socket listening = stage.listener();
  Socket client = stage.socket(Who::client);
  client.connect(listening.local());
  Socket accepted = listening.accept();
  const net::Address from = client.local();
  accepted.close();
  client.read_to_end();
  client.close();
  const std::uint16_t port = listening.local().port();
  stage.see("the server keeps the TIME_WAIT: states of its port",
            stage.await_states(Who::server, port, "LISTEN TIME_WAIT"));
  Socket again = stage.socket(Who::client);
  again.set(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
  again.bind(from);
  // Its SYN has a later time stamp or a higher sequence number (net/ipv4/tcp_minisocks.c tcp_timewait_state_process).
  stage.see("the server keeps the TIME_WAIT: the same client port connects at once", again.connect(listening.local()));
  Socket second = listening.accept();
  stage.see("the server keeps the TIME_WAIT: states of its port afterwards",
            stage.await_states(Who::server, port, "ESTABLISHED LISTEN"));
}

void play_timewait_reuse(Stage& stage) {
  constexpr std::chrono::milliseconds kMoreThanASecond{1200};
  Answers answers(stage);
  int port = 42'001;
  for (const char* timestamps : {"1", "0"}) {
    for (const char* reuse : {"0", "1", "2"}) {
      stage.set_kernel(Who::client, "tcp_timestamps", timestamps);
      stage.set_kernel(Who::client, "tcp_tw_reuse", reuse);
      play_two_ports(stage, answers,
                     std::string("tcp_tw_reuse ") + reuse + ", timestamps " + (*timestamps == '1' ? "on" : "off"), port,
                     kMoreThanASecond);
      port += 10;
    }
  }
  stage.set_kernel(Who::client, "tcp_timestamps", "1");
  stage.set_kernel(Who::client, "tcp_tw_reuse", "1");
  const std::string name = "tcp_tw_reuse_delay 200";
  if (stage.set_kernel(Who::client, "tcp_tw_reuse_delay", "200")) {
    play_two_ports(stage, answers, name, port, std::chrono::milliseconds(400), "200");
  } else {
    for (const char* row : {": three connect()s at once", ": two more, later", ": TcpExt:TWRecycled",
                            ": tcp_twsk_unique() returned", ": TIME_WAITs that keep a time stamp of the peer"})
      stage.not_observed(name + row, "this kernel has no tcp_tw_reuse_delay, or does not let it be set");
  }
  // Without the ports so far, which are in TIME_WAIT.
  stage.set_kernel(Who::client, "ip_local_port_range", "50000 60999");
  play_server_side(stage);
}

}  // namespace

const Experiment kTimeWaitReuse{
    .name = "timewait-reuse",
    .title = "When the kernel reuses a port in TIME_WAIT",
    .question =
        "A client has two ephemeral ports. It connects to one destination and closes first, three times at once and "
        "twice more after 1.2 s, with each value of tcp_tw_reuse and with TCP time stamps on and off. Then a server "
        "keeps the TIME_WAIT, and the client connects again from the same port.",
    .table = kTimeWaitTable,
    .finding =
        "Without reuse, the third connect() and the later ones fail with EADDRNOTAVAIL. With tcp_tw_reuse 1, a port is "
        "free again after a second; with 2, the default, only on loopback. Both need time stamps. A server's TIME_WAIT "
        "does not block a client that connects again.",
    .advice =
        "A client or proxy that opens many connections to one destination should let the other side close first, use "
        "more source addresses, or set tcp_tw_reuse to 1, which needs TCP time stamps.",
    .play = play_timewait_reuse,
};

}  // namespace lastbyte::lab
