// A loop that repeats recv() or send() after a pause, compared with an event loop.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kRetryTable[] = {
    {"the loop's pauses: of five tries", "1, 2, 4, 8 ms: 15 ms in all"},
    {"the loop's pauses: tries until one is 8 s", "15: 16.2 s in all"},
    {"60 bytes are there: the loop", "60 after 1 recv() and 0 ms of pauses"},
    {"60 bytes are there: the event loop", "60 after 1 epoll_wait() and 1 recv()"},
    {"60 bytes come in the third pause: the loop", "60 after 4 recv() and 7 ms of pauses"},
    {"60 bytes come while it waits: the event loop", "60 after 1 epoll_wait() and 1 recv()"},
    {"60 bytes come after the last try: the loop", "EAGAIN after 5 recv() and 15 ms of pauses; 60 bytes lie unread"},
    {"60 bytes come after the last try: the loop closes, wire", "RST"},
    {"a RST in the second pause: a loop that repeats every error", "0 after 4 recv() and 7 ms of pauses"},
    {"a RST in the second pause: a loop that repeats EAGAIN alone", "ECONNRESET after 3 recv() and 3 ms of pauses"},
    {"a RST while it waits: the event loop", "ECONNRESET after 1 epoll_wait() and 1 recv()"},
    {"one peer is silent, three others have sent: the loop", "0 of 3 read when it gives up"},
    {"one peer is silent, three others have sent: the event loop", "3 of 3 read after 1 epoll_wait()"},
    {"1 MiB for a peer that reads after the last try: the loop", "EAGAIN after 5 failed send(); a part is never sent"},
    {"1 MiB for a peer that reads late: the event loop", "all sent"},
};

constexpr int kTries = 5;
constexpr int kLongestPauseMs = 8000;

/// Returns the pauses before the second try and each later one.
std::vector<int> pauses_ms(int tries) {
  std::vector<int> all;
  int pause = 1;
  for (int i = 1; i < tries; ++i) {
    all.push_back(pause);
    pause = std::min(2 * pause, kLongestPauseMs);
  }
  return all;
}

int sum(const std::vector<int>& all) {
  int total = 0;
  for (const int each : all) total += each;
  return total;
}

enum class Repeats : std::uint8_t { every_error, again_alone };

struct Retried {
  std::string outcome;
  int calls = 0;
  int paused_ms = 0;

  [[nodiscard]] std::string text(const char* call) const {
    return outcome + " after " + std::to_string(calls) + " " + call + "() and " + std::to_string(paused_ms) +
           " ms of pauses";
  }
};

/// `meanwhile` gets the number of the pause, from 1, and does what happens during it.
Retried retry(Stage& stage, Repeats repeats, const std::function<std::string()>& call,
              const std::function<void(int)>& meanwhile) {
  Retried retried;
  const auto pauses = pauses_ms(kTries);
  for (int attempt = 0;; ++attempt) {
    retried.outcome = call();
    ++retried.calls;
    const bool failed = retried.outcome.front() == 'E';
    if (!failed || (repeats == Repeats::again_alone && retried.outcome != "EAGAIN") || attempt + 1 == kTries)
      return retried;
    const int pause = pauses[static_cast<std::size_t>(attempt)];
    stage.note(Who::client, EventKind::call, "sleep " + std::to_string(pause) + " ms");
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
    retried.paused_ms += pause;
    if (meanwhile) meanwhile(attempt + 1);
  }
}

Retried retry_recv(Stage& stage, Socket& client, Repeats repeats, const std::function<void(int)>& meanwhile) {
  return retry(stage, repeats, [&] { return client.recv(100, 0, false); }, meanwhile);
}

/// Level-triggered, as in most programs.
class EventLoop {
 public:
  explicit EventLoop(Stage& stage) : stage_(stage), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  void watch(const Socket& socket, std::uint32_t events, std::uint32_t key) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.u32 = key;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.fd(), &wanted);
  }
  /// Returns the keys of the ready sockets.
  std::vector<std::uint32_t> wait() {
    std::array<epoll_event, 8> ready{};
    const int count = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), kStagePatienceMs);
    ++calls_;
    stage_.note(Who::client, EventKind::call, "epoll_wait() = " + std::to_string(count));
    std::vector<std::uint32_t> keys;
    for (int i = 0; i < count; ++i) keys.push_back(ready[static_cast<std::size_t>(i)].data.u32);
    return keys;
  }
  [[nodiscard]] int calls() const { return calls_; }

 private:
  Stage& stage_;
  Descriptor epoll_;
  int calls_ = 0;
};

std::string wait_and_recv(Stage& stage, Socket& client) {
  EventLoop loop(stage);
  loop.watch(client, EPOLLIN, 0);
  int reads = 0;
  std::string outcome = "EAGAIN";
  while (outcome == "EAGAIN" && !loop.wait().empty()) {
    outcome = client.recv(100, 0, false);
    ++reads;
  }
  return outcome + " after " + std::to_string(loop.calls()) + " epoll_wait() and " + std::to_string(reads) + " recv()";
}

/// An action of the peer 30 ms later, while the caller waits.
class Later {
 public:
  explicit Later(std::function<void()> what)
      : thread_([what = std::move(what)] {
          std::this_thread::sleep_for(std::chrono::milliseconds(30));
          what();
        }) {}
  ~Later() { thread_.join(); }
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;

 private:
  std::thread thread_;
};

void play_pauses(Stage& stage) {
  const auto five = pauses_ms(kTries);
  std::string list;
  for (const int each : five) list += (list.empty() ? "" : ", ") + std::to_string(each);
  stage.see("the loop's pauses: of five tries", list + " ms: " + std::to_string(sum(five)) + " ms in all");
  int tries = kTries;
  while (pauses_ms(tries).back() < kLongestPauseMs) ++tries;
  const int tenths = (sum(pauses_ms(tries)) + 50) / 100;
  stage.see("the loop's pauses: tries until one is 8 s", std::to_string(tries) + ": " + std::to_string(tenths / 10) +
                                                             "." + std::to_string(tenths % 10) + " s in all");
}

void play_bytes(Stage& stage) {
  {
    stage.scene("the loop: 60 bytes come in the third pause");
    Stage::Pair pair = stage.pair();
    const auto retried = retry_recv(stage, pair.client, Repeats::every_error, [&](int pause) {
      if (pause != 3) return;
      pair.server.send(60);
      pair.client.wait_unread(60);
    });
    stage.see("60 bytes come in the third pause: the loop", retried.text("recv"));
  }
  {
    stage.scene("the event loop: 60 bytes come while it waits");
    Stage::Pair pair = stage.pair();
    const Later sends([&] { pair.server.send(60); });
    stage.see("60 bytes come while it waits: the event loop", wait_and_recv(stage, pair.client));
  }
  {
    stage.scene("60 bytes are there");
    Stage::Pair pair = stage.pair();
    pair.server.send(60);
    pair.client.wait_unread(60);
    stage.see("60 bytes are there: the loop", retry_recv(stage, pair.client, Repeats::every_error, {}).text("recv"));
    pair.server.send(60);
    stage.see("60 bytes are there: the event loop", wait_and_recv(stage, pair.client));
  }
  {
    stage.scene("the loop: 60 bytes come after the last try");
    Stage::Pair pair = stage.pair();
    const wire::Moment began = now();
    const auto retried = retry_recv(stage, pair.client, Repeats::every_error, {});
    const auto blocked = std::chrono::duration_cast<std::chrono::microseconds>(now() - began).count();
    stage.measured("the loop held its thread before it gave up", std::to_string(blocked) + " us");
    pair.server.send(60);
    pair.client.wait_unread(60);
    stage.see("60 bytes come after the last try: the loop",
              retried.text("recv") + "; " + std::to_string(pair.client.unread()) + " bytes lie unread");
    pair.client.close();
    stage.see("60 bytes come after the last try: the loop closes, wire", stage.endings(Who::client));
  }
}

void play_reset(Stage& stage) {
  for (const Repeats repeats : {Repeats::every_error, Repeats::again_alone}) {
    const std::string row = std::string("a RST in the second pause: a loop that repeats ") +
                            (repeats == Repeats::every_error ? "every error" : "EAGAIN alone");
    stage.scene(row);
    Stage::Pair pair = stage.pair();
    const auto retried = retry_recv(stage, pair.client, repeats, [&](int pause) {
      if (pause != 2) return;
      pair.server.linger(true, 0);
      pair.server.close();
      pair.client.wait_hangup();
    });
    stage.see(row, retried.text("recv"));
  }
  stage.scene("the event loop: a RST while it waits");
  Stage::Pair pair = stage.pair();
  const Later resets([&] {
    pair.server.linger(true, 0);
    pair.server.close();
  });
  stage.see("a RST while it waits: the event loop", wait_and_recv(stage, pair.client));
}

void play_many(Stage& stage) {
  stage.scene("one peer is silent, three others have sent");
  std::vector<Stage::Pair> pairs;
  for (int i = 0; i < 4; ++i) pairs.push_back(stage.pair());
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    pairs[i].server.send(60);
    pairs[i].client.wait_unread(60);
  }
  const auto read = [&] { return std::ranges::count_if(pairs, [](auto& each) { return each.client.unread() == 0; }); };
  // The loop takes the sockets in turn, and gives up at the first error.
  for (Stage::Pair& each : pairs)
    if (retry_recv(stage, each.client, Repeats::every_error, {}).outcome == "EAGAIN") break;
  stage.see("one peer is silent, three others have sent: the loop",
            std::to_string(read() - 1) + " of 3 read when it gives up");
  EventLoop loop(stage);
  for (std::uint32_t i = 0; i < pairs.size(); ++i) loop.watch(pairs[i].client, EPOLLIN, i);
  for (const std::uint32_t key : loop.wait()) pairs[key].client.recv(100, 0, false);
  stage.see("one peer is silent, three others have sent: the event loop",
            std::to_string(read() - 1) + " of 3 read after " + std::to_string(loop.calls()) + " epoll_wait()");
}

constexpr std::size_t kMuch = 1U << 20U;

/// Calls send() once. Subtracts the bytes taken from `left`.
std::string send_some(Socket& client, std::size_t& left) {
  const std::vector<char> data(std::min<std::size_t>(left, 65536), 'x');
  const ssize_t sent = ::send(client.fd(), data.data(), data.size(), MSG_NOSIGNAL);
  if (sent > 0) left -= static_cast<std::size_t>(sent);
  return outcome_of(sent);
}

void play_send(Stage& stage) {
  {
    stage.scene("the loop sends 1 MiB to a peer that reads after the last try");
    Stage::Pair pair = stage.pair(0, 65536);
    pair.client.set(SOL_SOCKET, SO_SNDBUF, 65536, "SO_SNDBUF");
    std::size_t left = kMuch;
    std::string outcome;
    int failed = 0;
    while (left != 0 && failed == 0) {
      const auto retried = retry(stage, Repeats::every_error, [&] { return send_some(pair.client, left); }, {});
      outcome = retried.outcome;
      if (outcome.front() == 'E') failed = retried.calls;
    }
    stage.note(Who::client, EventKind::call, "send(...) = " + outcome + ", 5 times");
    stage.see("1 MiB for a peer that reads after the last try: the loop",
              outcome + " after " + std::to_string(failed) + " failed send(); " +
                  (left == 0 ? "all sent" : "a part is never sent"));
  }
  stage.scene("the event loop sends 1 MiB to a peer that reads late");
  Stage::Pair pair = stage.pair(0, 65536);
  pair.client.set(SOL_SOCKET, SO_SNDBUF, 65536, "SO_SNDBUF");
  std::size_t left = kMuch;
  EventLoop loop(stage);
  loop.watch(pair.client, EPOLLOUT, 0);
  const Later reads([&] {
    std::vector<char> data(1 << 20);
    std::size_t total = 0;
    for (int looks = 0; total < kMuch && looks < 5000; ++looks) {
      const ssize_t got = ::recv(pair.server.fd(), data.data(), data.size(), 0);
      if (got > 0) total += static_cast<std::size_t>(got);
      if (got < 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  while (left != 0 && !loop.wait().empty()) {
    while (left != 0 && send_some(pair.client, left) != "EAGAIN") {
    }
  }
  stage.see("1 MiB for a peer that reads late: the event loop", left == 0 ? "all sent" : "a part is never sent");
}

void play_retry_loop(Stage& stage) {
  play_bytes(stage);
  play_reset(stage);
  play_many(stage);
  play_send(stage);
  play_pauses(stage);
}

}  // namespace

const Experiment kRetryLoop{
    .name = "retry-loop",
    .title = "A loop that repeats recv() and send() after pauses, compared with an event loop",
    .question =
        "A well-known loop calls recv() or send() up to five times, and sleeps between the tries: 1 ms, and then twice "
        "as long each time, up to 8 s. Bytes and a RST come before, between and after its tries. An event loop "
        "(epoll_wait(), then the call) gets the same input.",
    .table = kRetryTable,
    .finding =
        "Five tries end after 15 ms, far below the limit of 8 s: an answer that takes longer is lost, and the close "
        "that follows resets the connection. A loop that repeats after every error turns a reset into an end of file: "
        "the first call takes the error and the next one returns 0. Meanwhile the thread serves no other connection.",
    .advice =
        "Wait for readiness with epoll or poll and a deadline, then call once. Repeat after EINTR, and wait again "
        "after EAGAIN. Every other error is the end of the connection, and the kernel reports it once.",
    .play = play_retry_loop,
};

}  // namespace lastbyte::lab
