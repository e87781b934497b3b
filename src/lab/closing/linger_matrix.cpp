// SO_LINGER in all its forms: how long close() takes, and what the peer receives.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"
#include "lab/stage/thread_state.h"
#include "net/socket/deaf.h"
#include "process/eventually.h"

namespace lastbyte::lab {
namespace {

constexpr int kLingerWindow = 4096;
/// The linger time for a peer that has vanished. That for the others is longer than they need on a machine under load.
constexpr int kLingerShort = 2;
constexpr int kLingerLong = 30;
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
    {"SO_LINGER {1,30}, blocking, data waits, the peer reads: close() returns", "when the peer has read all"},
    {"SO_LINGER {1,30}, blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,30}, blocking, data waits, the peer reads 1 s later: close() returns", "when the peer has read all"},
    {"SO_LINGER {1,30}, blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, blocking, data waits, the peer is gone: close() returns", "after the linger time"},
    {"SO_LINGER {1,30}, non-blocking, data waits, the peer reads: close() returns", "when the peer has read all"},
    {"SO_LINGER {1,30}, non-blocking, data waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,30}, non-blocking, data waits, the peer reads 1 s later: close() returns",
     "when the peer has read all"},
    {"SO_LINGER {1,30}, non-blocking, data waits, the peer reads 1 s later: the peer gets", "all, FIN"},
    {"SO_LINGER {1,2}, non-blocking, data waits, the peer is gone: close() returns", "after the linger time"},
    {"SO_LINGER off, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER off, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER off, non-blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,0}, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, blocking, nothing waits, the peer reads: the peer gets", "all, ECONNRESET"},
    {"SO_LINGER {1,0}, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,0}, non-blocking, nothing waits, the peer reads: the peer gets", "all, ECONNRESET"},
    {"SO_LINGER {1,30}, blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,30}, blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
    {"SO_LINGER {1,30}, non-blocking, nothing waits, the peer reads: close() returns", "at once"},
    {"SO_LINGER {1,30}, non-blocking, nothing waits, the peer reads: the peer gets", "all, FIN"},
};

enum class LingerPeer : std::uint8_t { reads, reads_late, gone };

enum class LingerForm : std::uint8_t { off, no_time, a_time };

int time_for(LingerPeer peer) { return peer == LingerPeer::gone ? kLingerShort : kLingerLong; }

std::string text_of(LingerForm form, LingerPeer peer) {
  if (form == LingerForm::off) return "SO_LINGER off";
  return "SO_LINGER {1," + std::to_string(form == LingerForm::no_time ? 0 : time_for(peer)) + "}";
}

const char* text_of(LingerPeer peer) {
  switch (peer) {
    case LingerPeer::reads: return "the peer reads";
    case LingerPeer::reads_late: return "the peer reads 1 s later";
    case LingerPeer::gone: return "the peer is gone";
  }
  return "?";
}

/// The order of close() and the peer's reading, whatever time they take.
class LingerRace {
 public:
  /// Runs in the thread that closes.
  void close(Socket& socket) {
    ms_ = socket.close_timed([this] { closing_ = true; });
    peer_was_first_ = reads_;
    closed_ = true;
  }

  /// Runs in the peer's thread. Waits until close() has returned, or blocks if it `may_wait`.
  void begin_reading(bool may_wait) {
    process::eventually([&] { return closed_ || (may_wait && closing_ && closer_.asleep()); }, kStagePatience,
                        Duration(1));
    reads_ = true;
  }

  /// `limit` is the linger time in seconds, or what it would be if there were one.
  [[nodiscard]] std::string close_returned(int limit) const {
    // The kernel's clock may be early by a tick.
    if (ms_ > limit * 1000.0 * 0.99) return "after the linger time";
    return peer_was_first_ ? "when the peer has read all" : "at once";
  }

 private:
  ThreadState closer_;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> reads_ = false;
  bool peer_was_first_ = false;
  double ms_ = 0;
};

void play_linger_case(Stage& stage, LingerForm form, bool blocking, bool waits, LingerPeer peer) {
  const std::string name = text_of(form, peer) + ", " + (blocking ? "blocking" : "non-blocking") + ", " +
                           (waits ? "data waits" : "nothing waits") + ", " + text_of(peer);
  stage.scene(name);
  auto [client, server] = stage.pair(kLingerWindow);
  const std::size_t sent = waits ? server.fill() : 0;
  server.linger(form != LingerForm::off, form == LingerForm::a_time ? time_for(peer) : 0);
  server.set_blocking(blocking);
  if (peer == LingerPeer::gone) net::set_deaf(client.fd(), true);
  LingerRace race;
  std::string got;
  std::thread reader([&, &socket = client] {
    if (peer == LingerPeer::gone) return;
    if (peer == LingerPeer::reads_late) std::this_thread::sleep_for(kReadsLate);
    race.begin_reading(waits);
    if (form == LingerForm::no_time) socket.wait_hangup();
    got = socket.read_to_end();
  });
  race.close(server);
  reader.join();
  stage.see(name + ": close() returns", race.close_returned(time_for(peer)));
  if (peer == LingerPeer::gone) return;
  const std::string all = std::to_string(sent) + " bytes, ";
  const std::string end = got.substr(got.find(", ") + 2);
  stage.see(name + ": the peer gets", got.starts_with(all) ? "all, " + end : "not all, " + end);
}

void play_linger_matrix(Stage& stage) {
  for (const bool waits : {true, false}) {
    for (const LingerForm form : {LingerForm::off, LingerForm::no_time, LingerForm::a_time}) {
      for (const bool blocking : {true, false}) {
        play_linger_case(stage, form, blocking, waits, LingerPeer::reads);
        if (!waits) continue;
        play_linger_case(stage, form, blocking, waits, LingerPeer::reads_late);
        play_linger_case(stage, form, blocking, waits, LingerPeer::gone);
      }
    }
  }
}

}  // namespace

const Experiment kLingerMatrix{
    .name = "linger-matrix",
    .title = "SO_LINGER: when close() returns, and what the peer gets",
    .question =
        "A server closes with SO_LINGER off, {1,0} and a linger time, on a blocking and a non-blocking socket, with "
        "and "
        "without data that waits for the peer's window. The peer reads as soon as close() returns or blocks, or a "
        "second later, or it has vanished. The linger time is 2 s for a peer that has vanished, and 30 s for the "
        "others, which none of them needs.",
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
