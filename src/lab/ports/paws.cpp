// SYNs with decreasing time stamps, as several hosts behind one NAT send them: tcp_tw_recycle broke these.
#include <unistd.h>

#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "process/eventually.h"
#include "wire/inject.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kPawsTable[] = {
    {"a SYN from another port, its time stamp goes back", "SYN ACK"},
    {"a SYN from the port in TIME_WAIT, its time stamp goes back",
     "ACK",
     {},
     "net/ipv4/tcp_minisocks.c tcp_timewait_state_process"},
    {"a SYN from the port in TIME_WAIT, with a later time stamp", "SYN ACK"},
    {"a SYN from the port in TIME_WAIT, no time stamp, a higher sequence number", "SYN ACK"},
    {"a SYN from the port in TIME_WAIT, no time stamp, a lower sequence number", "ACK"},
    {"tcp_tw_recycle", "no such setting"},
};

/// The TIME_WAIT of a connection from `from`, which the server keeps: its last time stamp and sequence number.
struct Left {
  Socket listening;
  net::Address from;
  std::uint32_t timestamp = 0;
  std::uint32_t next = 0;
};

Left leave_time_wait(Stage& stage) {
  Left left;
  left.listening = stage.listener();
  Socket client = stage.socket(Who::client);
  client.connect(left.listening.local());
  Socket server = left.listening.accept();
  left.from = client.local();
  server.close();
  client.read_to_end();
  client.close();
  stage.await_states(Who::server, left.listening.local().port(), "LISTEN TIME_WAIT");
  for (const wire::Segment& each : stage.segments()) {
    if (each.source_port != left.from.port()) continue;
    left.timestamp = each.timestamp.value_or(0);
    left.next = each.sequence + (each.fin ? 1 : 0);
  }
  return left;
}

/// Returns the server's answer to a SYN.
std::string answer_to(Stage& stage, const wire::Injected& syn) {
  const std::size_t before = stage.segments().size();
  if (const auto injected = wire::inject(stage.network(Who::client), syn); !injected) return injected.error().text();
  std::string answer = "nothing";
  process::eventually(
      [&] {
        const auto& all = stage.segments();
        for (std::size_t i = before; i < all.size() && answer == "nothing"; ++i)
          if (all[i].source_port == syn.to.port()) answer = all[i].text();
        return answer != "nothing";
      },
      kStagePatience);
  return answer;
}

void play_syn(Stage& stage, const std::string& row, bool same_port, std::optional<std::int32_t> later,
              std::int32_t ahead) {
  stage.scene(row);
  const Left left = leave_time_wait(stage);
  net::Address from = left.from;
  if (!same_port) from.set_port(static_cast<std::uint16_t>(from.port() == 65535 ? 40000 : from.port() + 1));
  wire::Injected syn{.from = from,
                     .to = left.listening.local(),
                     .sequence = left.next + static_cast<std::uint32_t>(ahead),
                     .syn = true};
  if (later) syn.timestamp = left.timestamp + static_cast<std::uint32_t>(*later);
  stage.see(row, answer_to(stage, syn));
}

void play_paws(Stage& stage) {
  constexpr std::int32_t kBack = -100'000;
  constexpr std::int32_t kLater = 100'000;
  play_syn(stage, "a SYN from another port, its time stamp goes back", false, kBack, 100'000);
  play_syn(stage, "a SYN from the port in TIME_WAIT, its time stamp goes back", true, kBack, 100'000);
  play_syn(stage, "a SYN from the port in TIME_WAIT, with a later time stamp", true, kLater, -100'000);
  play_syn(stage, "a SYN from the port in TIME_WAIT, no time stamp, a higher sequence number", true, std::nullopt,
           100'000);
  play_syn(stage, "a SYN from the port in TIME_WAIT, no time stamp, a lower sequence number", true, std::nullopt,
           -100'000);
  std::string recycle;
  stage.inside(Who::server, [&] {
    recycle = ::access("/proc/sys/net/ipv4/tcp_tw_recycle", F_OK) == 0 ? "there is one" : "no such setting";
  });
  stage.see("tcp_tw_recycle", recycle);
}

}  // namespace

const Experiment kPaws{
    .name = "paws",
    .title = "SYNs with decreasing time stamps (history: tcp_tw_recycle)",
    .question =
        "A server keeps a TIME_WAIT. A raw SYN comes from the same address: from another port or from the same one, "
        "with an earlier or a later time stamp, or with none. Clients behind one NAT look like this.",
    .table = kPawsTable,
    .finding =
        "The kernel compares time stamps within one four-tuple only: it answers a SYN from another port, whatever its "
        "time stamp. tcp_tw_recycle compared them for a whole address and lost clients behind NAT. Linux 4.12 removed "
        "it.",
    .advice =
        "Ignore advice to set tcp_tw_recycle. A client that connects again to a TIME_WAIT needs a later time stamp or "
        "a higher sequence number. Linux provides both.",
    .play = play_paws,
};

}  // namespace lastbyte::lab
