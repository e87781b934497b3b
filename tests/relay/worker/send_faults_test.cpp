// Whatever a send comes to, a session ends the same way whether its sends are system calls of their own or go through
// io_uring with those of others (T10, T11).
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "tests/relay/worker/failing_memory.h"
#include "tests/relay/worker/failing_sends.h"
#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;
using termination::kBoth;
using termination::Which;

constexpr std::size_t kExchanges = 2;
constexpr std::uint64_t kSends = 2 * kExchanges;

/// One end of the session: what it says comes in small pieces.
class Talker {
 public:
  explicit Talker(Descriptor socket) : socket_(std::move(socket)) {}

  void say(const std::string& text) { ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  /// Until so many bytes have come in all, or a send was made to fail.
  void hear(std::size_t bytes) {
    EXPECT_TRUE(eventually([&] {
      take(MSG_DONTWAIT);
      return received_ >= bytes || test::has_failed_send();
    }));
  }
  void finish() { ::shutdown(socket_.get(), SHUT_WR); }
  void hear_to_the_end() {
    while (take(0) > 0) {
    }
  }
  [[nodiscard]] std::size_t received() const { return received_; }

 private:
  ssize_t take(int flags) {
    std::array<char, 4096> room{};
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), flags);
    if (got > 0) received_ += static_cast<std::size_t>(got);
    return got;
  }

  Descriptor socket_;
  std::size_t received_ = 0;
};

/// What both peers and the record tell of one session.
struct Told {
  std::string ending;
  std::array<int, 2> errors{};
  std::array<std::size_t, 2> heard{};
  std::array<std::uint64_t, 2> received{};
  std::array<std::uint64_t, 2> delivered{};
  bool failed = false;

  friend bool operator==(const Told&, const Told&) = default;
};

void PrintTo(const Told& told, std::ostream* out) {
  *out << told.ending << "; errnos " << told.errors[0] << ", " << told.errors[1] << "; client heard " << told.heard[0]
       << " of " << told.delivered[1] << " of " << told.received[1] << ", upstream " << told.heard[1] << " of "
       << told.delivered[0] << " of " << told.received[0] << (told.failed ? "; a send failed" : "");
}

Told play(Transport transport, bool ring, const test::SendFault& fault) {
  Stage stage(transport, transport, [&](Forwarding&, Shared& shared) {
    if (ring) shared.make_sender = test::make_failing_ring;
  });
  test::fail_send(fault);
  Talker client(stage.connect());
  Talker server(stage.accept());
  for (std::size_t i = 1; i <= kExchanges; ++i) {
    client.say("request, ");
    server.hear(i * 9);
    server.say("an answer, ");
    client.hear(i * 11);
  }
  Told told;
  told.failed = test::sends_work();
  // What waits for room is written at the next event of its sink: the room was there all the time.
  client.say("!");
  server.say("!");
  client.finish();
  server.finish();
  client.hear_to_the_end();
  server.hear_to_the_end();
  EXPECT_TRUE(eventually([&] { return stage.count(Count::open) == 0; }));
  stage.wait_for_worker();
  const auto records = stage.records();
  EXPECT_EQ(records.size(), 1U);
  if (records.size() != 1) return told;
  const StreamRecord& stream = records.front().stream();
  told.ending = std::string(stream.verdict.complete ? "complete" : "incomplete");
  for (const Which which : kBoth) {
    const auto index = static_cast<std::size_t>(which);
    told.ending += ", " + std::string(name(stream.verdict.end(which)));
    told.errors[index] = records.front().side(which).error;
    told.heard[index] = (which == Which::client ? client : server).received();
    told.received[index] = stream.flow(which).received;
    told.delivered[index] = stream.flow(which).delivered;
    EXPECT_EQ(stream.flow(which).received, stream.flow(which).delivered + stream.flow(which).undelivered);
  }
  return told;
}

void compare(Transport transport) {
  if (const auto ring = test::make_failing_ring(); !ring) GTEST_SKIP() << ring.error().text();
  for (const int error : {0, EAGAIN, EINTR, EPIPE, ECONNRESET, ETIMEDOUT, ENOBUFS}) {
    for (std::uint64_t number = 0; number < kSends; ++number) {
      SCOPED_TRACE("send " + std::to_string(number) + " comes to " + (error == 0 ? "one byte" : errno_name(error)));
      const std::uint64_t before = test::sends_through_rings();
      const Told plain = play(transport, false, {.number = number, .error = error});
      EXPECT_EQ(test::sends_through_rings(), before);
      EXPECT_TRUE(plain.failed);
      EXPECT_EQ(play(transport, true, {.number = number, .error = error}), plain);
      EXPECT_GT(test::sends_through_rings(), before) << "no send went through io_uring";
    }
  }
}

TEST(SendFaults, T10_tcp_sessions_end_the_same_way_with_io_uring) { compare(Transport::tcp); }

TEST(SendFaults, a_session_without_faults_is_complete_with_io_uring) {
  if (const auto ring = test::make_failing_ring(); !ring) GTEST_SKIP() << ring.error().text();
  const Told told = play(Transport::tcp, true, {.number = UINT64_MAX - 1});
  EXPECT_FALSE(told.failed);
  EXPECT_TRUE(told.ending.starts_with("complete")) << told.ending;
}

}  // namespace
}  // namespace lastbyte::relay
