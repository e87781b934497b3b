// SO_LINGER in all its forms: how long close() takes, and what the peer receives.
#include <chrono>
#include <string>
#include <thread>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "net/socket/deaf.h"

namespace lastbyte::lab {
namespace {

constexpr int kLingerSeconds = 2;
constexpr int kLingerWindow = 4096;
constexpr std::chrono::milliseconds kReadsLate{1000};

constexpr Expectation kLingerTable[] = {
    {"SO_LINGER off, blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER off, blocking, data waits, the peer reads 1 s later: close() returns", "at once"},
    {"SO_LINGER off, blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER off, blocking, data waits, the peer is gone: close() returns", "at once"},
    {"SO_LINGER off, non-blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, non-blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER off, non-blocking, data waits, the peer reads 1 s later: close() returns", "at once"},
    {"SO_LINGER off, non-blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER off, non-blocking, data waits, the peer is gone: close() returns", "at once"},
    {"SO_LINGER {1,0}, blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, blocking, data waits, the peer reads: the peer gets", "not all, ECONNRESET"},
    {"SO_LINGER {1,0}, blocking, data waits, the peer reads 1 s later: close() returns", "at once"},
    {"SO_LINGER {1,0}, blocking, data waits, the peer reads 1 s later: the peer gets", "not all, ECONNRESET"},
    {"SO_LINGER {1,0}, blocking, data waits, the peer is gone: close() returns", "at once"},
    {"SO_LINGER {1,0}, non-blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, non-blocking, data waits, the peer reads: the peer gets", "not all, ECONNRESET"},
    {"SO_LINGER {1,0}, non-blocking, data waits, the peer reads 1 s later: close() returns", "at once"},
    {"SO_LINGER {1,0}, non-blocking, data waits, the peer reads 1 s later: the peer gets", "not all, ECONNRESET"},
    {"SO_LINGER {1,0}, non-blocking, data waits, the peer is gone: close() returns", "at once"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer reads 1 s later: close() returns", "when the peer has read all"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer is gone: close() returns", "after the linger time"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer reads 1 s later: close() returns",
     "when the peer has read all"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer is gone: close() returns", "after the linger time"},
    {"SO_LINGER off, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER off, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, non-blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,0}, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, blocking, nothing waits, the peer reads: the peer gets", "all, ECONNRESET"},
    {"SO_LINGER {1,0}, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, non-blocking, nothing waits, the peer reads: the peer gets", "all, ECONNRESET"},
    {"SO_LINGER {1,2}, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,2}, blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,2}, non-blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
};

enum class LingerPeer : std::uint8_t { reads, reads_late, gone };

struct LingerCase {
  const char* form;
  bool on;
  int seconds;
};

constexpr LingerCase kLingerCases[] = {
    {"SO_LINGER off", false, 0}, {"SO_LINGER {1,0}", true, 0}, {"SO_LINGER {1,2}", true, kLingerSeconds}};

const char* text_of(LingerPeer peer) {
  switch (peer) {
    case LingerPeer::reads: return "the peer reads";
    case LingerPeer::reads_late: return "the peer reads 1 s later";
    case LingerPeer::gone: return "the peer is gone";
  }
  return "?";
}

/// The classes are far enough apart for a machine under load.
std::string time_class(double ms) {
  constexpr double kAtOnce = 800;
  constexpr double kLingered = kLingerSeconds * 1000.0 * 0.9;
  if (ms < kAtOnce) return "at once";
  return ms < kLingered ? "when the peer has read all" : "after the linger time";
}

void play_linger_case(Stage& stage, const LingerCase& each, bool blocking, bool waits, LingerPeer peer) {
  const std::string name = std::string(each.form) + ", " + (blocking ? "blocking" : "non-blocking") + ", " +
                           (waits ? "data waits" : "nothing waits") + ", " + text_of(peer);
  stage.scene(name);
  auto [client, server] = stage.pair(kLingerWindow);
  const std::size_t sent = waits ? server.fill() : 0;
  server.linger(each.on, each.seconds);
  server.set_blocking(blocking);
  if (peer == LingerPeer::gone) net::set_deaf(client.fd(), true);
  std::string got;
  std::thread reader([&] {
    if (peer == LingerPeer::gone) return;
    if (peer == LingerPeer::reads_late) std::this_thread::sleep_for(kReadsLate);
    if (each.on && each.seconds == 0) client.wait_hangup();
    got = client.read_to_end();
  });
  const double ms = server.close_timed();
  reader.join();
  stage.see(name + ": close() returns", time_class(ms));
  if (peer == LingerPeer::gone) return;
  const std::string all = std::to_string(sent) + " bytes, ";
  const std::string end = got.substr(got.find(", ") + 2);
  stage.see(name + ": the peer gets", got.starts_with(all) ? "all, " + end : "not all, " + end);
}

void play_linger_matrix(Stage& stage) {
  for (const bool waits : {true, false}) {
    for (const LingerCase& each : kLingerCases) {
      for (const bool blocking : {true, false}) {
        play_linger_case(stage, each, blocking, waits, LingerPeer::reads);
        if (!waits) continue;
        play_linger_case(stage, each, blocking, waits, LingerPeer::reads_late);
        play_linger_case(stage, each, blocking, waits, LingerPeer::gone);
      }
    }
  }
}

}  // namespace

const Experiment kLingerMatrix{
    .name = "linger-matrix",
    .title = "SO_LINGER: when close() returns, and what the peer gets",
    .question =
        "A server closes with SO_LINGER off, {1,0} and {1,2}, on a blocking and a non-blocking socket, with and "
        "without data that waits for the peer's window. The peer reads, reads late or has vanished.",
    .table = kLingerTable,
    .finding =
        "Without SO_LINGER, close() returns at once and the kernel delivers the rest. {1,0} resets the connection and "
        "discards the rest. A linger time blocks close(), even on a non-blocking socket, until all is acknowledged or "
        "the time has passed.",
    .advice =
        "Never set a linger time in an event loop: close() then blocks all of its connections. Use shutdown(SHUT_WR) "
        "instead, and wait for the peer's FIN with a timer. Use {1,0} only to report a failure, and only when SIOCOUTQ "
        "is 0.",
    .play = play_linger_matrix,
};

}  // namespace lastbyte::lab
