// Segments of an attacker who knows the four-tuple and guesses the sequence number.
#include <string>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "process/eventually.h"
#include "wire/inject.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kBlindTable[] = {
    {"RST, the exact sequence number", "the server's recv() ECONNRESET, CLOSE, no challenge ACK"},
    {"RST, one byte beyond",
     "the server's recv() EAGAIN, ESTABLISHED, a challenge ACK",
     {},
     "RFC 5961 section 3.2; net/ipv4/tcp_input.c tcp_validate_incoming"},
    {"RST, one byte before", "the server's recv() EAGAIN, ESTABLISHED, no challenge ACK"},
    {"RST, far outside of the window", "the server's recv() EAGAIN, ESTABLISHED, no challenge ACK"},
    {"SYN, in the window", "the server's recv() EAGAIN, ESTABLISHED, a challenge ACK"},
};

/// The server kernel's answer to one such segment.
struct Blind {
  const char* name;
  bool rst;
  bool syn;
  std::int64_t beyond;  ///< distance from the next byte that the server expects
};
constexpr Blind kBlind[] = {
    {"RST, the exact sequence number", true, false, 0},
    {"RST, one byte beyond", true, false, 1},
    {"RST, one byte before", true, false, -1},
    {"RST, far outside of the window", true, false, 1 << 30},
    {"SYN, in the window", false, true, 5},
};

void play_blind(Stage& stage, const Blind& each) {
  const std::string name = each.name;
  stage.scene(name);
  auto [client, server] = stage.pair();
  client.send(10);
  server.recv(100);
  client.wait_acknowledged();
  std::uint32_t next = 0;
  for (const wire::Segment& segment : stage.segments())
    if (segment.bytes == 10) next = segment.sequence + segment.bytes;
  const std::int64_t heard = stage.risen(Who::server, "Tcp:InSegs");
  const auto injected =
      wire::inject(stage.network(Who::client), {.from = client.local(),
                                                .to = server.local(),
                                                .sequence = next + static_cast<std::uint32_t>(each.beyond),
                                                .syn = each.syn,
                                                .rst = each.rst});
  if (!injected) {
    stage.not_observed(name, injected.error().text());
    return;
  }
  // Nothing else is on its way.
  process::eventually([&] { return stage.risen(Who::server, "Tcp:InSegs") > heard; }, kStagePatience);
  stage.segments();
  const std::string received = server.recv(100, 0, false);
  const bool challenged = stage.risen(Who::server, "TcpExt:TCPChallengeACK") > 0;
  stage.see(name, "the server's recv() " + received + ", " + server.note_state() +
                      (challenged ? ", a challenge ACK" : ", no challenge ACK"));
}

void play_blind_reset(Stage& stage) {
  for (const Blind& each : kBlind) play_blind(stage, each);
}

}  // namespace

const Experiment kBlindReset{
    .name = "blind-reset",
    .title = "A reset by an attacker who guesses the sequence number",
    .question =
        "A third party sends segments to the server with the client's address and port: a RST at exactly the next "
        "sequence number, in the window and outside of it, and a SYN.",
    .table = kBlindTable,
    .finding =
        "Only a RST at exactly the next expected byte ends the connection. The kernel answers a RST elsewhere in the "
        "window, or a SYN, with a challenge ACK. It ignores a RST outside of the window (RFC 5961).",
    .advice =
        "Do not fear blind resets on an up-to-date kernel. A middlebox that resets connections needs the exact number, "
        "so its reset may come late or fail if it overtakes data.",
    .play = play_blind_reset,
};

}  // namespace lastbyte::lab
