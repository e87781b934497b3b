// A flow whose sends are carried out with those of others (SendBatch).
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>

#include "tests/relay/stream/ends.h"

namespace lastbyte::relay {
namespace {

using What = Finding::What;

class NoSender : public loop::Sender {
 public:
  [[nodiscard]] std::size_t least() const override { return 1; }
  std::size_t send(std::span<loop::Send> sends) override { return sends.size(); }
};

/// What a send may come to: the room of the sink, or an errno.
struct Outcome {
  std::size_t room = 0;
  int error = 0;
};

/// The same step with a write of its own, and with one that is carried out with others. The bytes that the sink takes
/// are 7.
TEST(FlowInBatch, T10_a_send_that_is_settled_later_has_the_result_of_one_that_is_not) {
  for (const Outcome& outcome :
       {Outcome{.room = 100}, Outcome{.room = 7}, Outcome{.room = 3}, Outcome{.room = 0}, Outcome{.error = EAGAIN},
        Outcome{.error = EINTR}, Outcome{.error = EPIPE}, Outcome{.error = ECONNRESET}, Outcome{.error = ETIMEDOUT},
        Outcome{.error = ENOBUFS}, Outcome{.error = EHOSTUNREACH}}) {
    for (const bool hung_up : {false, true}) {
      SCOPED_TRACE("room " + std::to_string(outcome.room) + ", errno " + std::to_string(outcome.error));
      const Orders orders{.read = true, .rescues = true};
      const auto prepare = [&](Ends& ends) {
        ends.source().input = {{.bytes = "request"}};
        ends.from.ready.hung_up = hung_up;
        ends.sink().room = outcome.room;
        ends.sink().write_error = outcome.error;
      };
      Ends plain;
      prepare(plain);
      const Finding expected = plain.step(orders);

      Ends batched;
      prepare(batched);
      batched.sends.use(std::make_unique<NoSender>(), [](int) {});
      batched.sends.open();
      const Finding submitted = batched.step(orders);
      ASSERT_EQ(submitted.what, What::submitted);
      EXPECT_EQ(batched.sink().calls, 0);
      EXPECT_FALSE(submitted.active);
      const int error = outcome.error != 0 ? outcome.error : EAGAIN;
      const auto taken = static_cast<ssize_t>(std::min<std::size_t>(outcome.room, 7));
      const Finding settled = batched.flow().settle(submitted.bytes, taken > 0 ? taken : -error, orders);

      EXPECT_EQ(settled.what, expected.what);
      EXPECT_EQ(settled.event, expected.event);
      EXPECT_EQ(settled.active, expected.active);
      for (std::size_t side = 0; side < 2; ++side) {
        EXPECT_EQ(batched.sides[side].error, plain.sides[side].error);
        EXPECT_EQ(batched.sides[side].ready, plain.sides[side].ready) << "side " << side;
        EXPECT_EQ(batched.sides[side].ledger.received, plain.sides[side].ledger.received);
        EXPECT_EQ(batched.sides[side].ledger.sent, plain.sides[side].ledger.sent);
        EXPECT_EQ(batched.sides[side].ledger.dropped, plain.sides[side].ledger.dropped);
        EXPECT_EQ(batched.sides[side].ledger.rescued, plain.sides[side].ledger.rescued);
        EXPECT_EQ(batched.sides[side].carrier.waiting(), plain.sides[side].carrier.waiting());
      }
      EXPECT_TRUE(batched.accounts());
    }
  }
}

TEST(FlowInBatch, a_large_read_a_full_sink_and_a_datagram_are_not_submitted) {
  const auto step = [](std::string bytes, net::Transport sink, bool writable) {
    Ends ends;
    ends.sends.use(std::make_unique<NoSender>(), [](int) {});
    ends.sends.open();
    ends.to.kind = sink;
    ends.to.ready.writable = writable;
    ends.source().input = {{.bytes = std::move(bytes)}};
    return ends.step().what;
  };
  EXPECT_EQ(step(std::string(SendBatch::kMostBytes, 'x'), net::Transport::tcp, true), What::submitted);
  EXPECT_EQ(step(std::string(SendBatch::kMostBytes + 1, 'x'), net::Transport::tcp, true), What::moved);
  EXPECT_EQ(step("x", net::Transport::tcp, false), What::waits);
  EXPECT_EQ(step("x", net::Transport::udp, true), What::moved);
}

}  // namespace
}  // namespace lastbyte::relay
