// What peers report about themselves, and how they wait for each other.
#include "peers/observed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "peers/meeting.h"

namespace lastbyte::peers {
namespace {

Observed connected() {
  Observed seen;
  seen.connected = true;
  return seen;
}

TEST(Observed, a_reset_is_an_error_without_a_fin_before_it) {
  Observed seen = connected();
  EXPECT_FALSE(seen.reset());
  for (const int error : {ECONNRESET, EPIPE}) {
    seen.error = error;
    EXPECT_TRUE(seen.reset());
  }
  seen.fin = true;
  EXPECT_FALSE(seen.reset());
  seen = connected();
  seen.error = ETIMEDOUT;
  EXPECT_FALSE(seen.reset());
}

TEST(Observed, as_scripted_means_every_step_in_time_with_the_right_bytes) {
  Observed seen = connected();
  seen.steps = {{.text = "send 1"}, {.text = "expect fin"}};
  EXPECT_TRUE(seen.as_scripted());
  EXPECT_FALSE(Observed{}.as_scripted());  // not connected
  Observed late = seen;
  late.timed_out = true;
  EXPECT_FALSE(late.as_scripted());
  Observed wrong = seen;
  wrong.first_wrong = 0;
  EXPECT_FALSE(wrong.as_scripted());
  seen.steps[1].failure = "no";
  EXPECT_FALSE(seen.as_scripted());
}

TEST(Observed, tells_when_a_step_ended) {
  Observed seen = connected();
  seen.steps = {{.text = "send 1", .began = Elapsed(1), .ended = Elapsed(2)},
                {.text = "send 1", .began = Elapsed(3), .ended = Elapsed(4)}};
  EXPECT_EQ(seen.ended("send 1"), Elapsed(2));
  EXPECT_FALSE(seen.ended("close"));
}

TEST(Observed, is_told_in_full) {
  Observed seen = connected();
  seen.local = *net::Address::parse("127.0.0.1", 1);
  seen.remote = *net::Address::parse("127.0.0.1", 2);
  seen.sent = 10;
  seen.unacknowledged = 3;
  seen.received = 20;
  seen.unread = 4;
  seen.fin = true;
  seen.fin_at = Elapsed(5000);
  seen.error = EPIPE;
  seen.error_at = Elapsed(7000);
  seen.first_wrong = 9;
  seen.header = true;
  seen.told = *net::Address::parse("192.0.2.1", 3);
  seen.steps = {{.text = "send 10", .began = Elapsed(0), .ended = Elapsed(2000), .failure = "no"}};
  EXPECT_EQ(seen.text(),
            "127.0.0.1:1 -> 127.0.0.1:2: sent 10 (3 unacknowledged), received 20 (4 more unread), FIN at 5ms, EPIPE at "
            "7ms, PROXY header of 192.0.2.1:3, wrong from byte 9\n  0ms to 2ms  send 10: no\n");
}

TEST(Meetings, count_and_wake) {
  Meeting meeting;
  Wakeup wakeup;
  meeting.join(wakeup);
  EXPECT_EQ(meeting.count("go"), 0U);
  meeting.signal("go");
  meeting.signal("go");
  EXPECT_EQ(meeting.count("go"), 2U);
  EXPECT_EQ(meeting.count("stop"), 0U);
  std::uint64_t raised = 0;
  EXPECT_EQ(::read(wakeup.fd(), &raised, sizeof raised), static_cast<ssize_t>(sizeof raised));
  EXPECT_EQ(raised, 2U);
  meeting.leave(wakeup);
  meeting.signal("go");
  EXPECT_EQ(::read(wakeup.fd(), &raised, sizeof raised), -1);
}

}  // namespace
}  // namespace lastbyte::peers
