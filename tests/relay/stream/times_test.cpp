// Which moment a session waits for.
#include "relay/stream/times.h"

#include <gtest/gtest.h>

#include "termination/transition.h"

namespace lastbyte::relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using termination::Deadline;

TimePoint at(Duration after) { return TimePoint{} + seconds(100) + after; }

struct Session {
  Times times{.started = at(seconds(0)), .activity = at(seconds(0))};
  Limits limits;
  Linger linger;
  std::optional<TimePoint> drain;
  [[nodiscard]] Bounds bounds() const {
    return {.limits = limits, .linger = linger, .connect = at(seconds(7)), .drain = drain};
  }
  [[nodiscard]] TimePoint passes(Deadline deadline) const { return passes_at(deadline, times, bounds()); }
};

TEST(Times, T8_each_deadline_has_its_own_moment) {
  Session session;
  session.times.activity = at(seconds(1));
  session.times.failed = at(seconds(2));
  EXPECT_EQ(session.passes(Deadline::proxy_header), at(seconds(5)));
  EXPECT_EQ(session.passes(Deadline::connect), at(seconds(7)));
  EXPECT_EQ(session.passes(Deadline::idle), at(seconds(1)) + std::chrono::hours(24));
  EXPECT_EQ(session.passes(Deadline::half_close), at(seconds(601)));
  EXPECT_EQ(session.passes(Deadline::reset_flush), at(seconds(12)));
  EXPECT_EQ(session.passes(Deadline::none), TimePoint::max());
  EXPECT_EQ(session.passes(Deadline::drain), TimePoint::max());
  session.drain = at(seconds(30));
  EXPECT_EQ(session.passes(Deadline::drain), at(seconds(30)));
}

TEST(Times, T6_lingering_ends_at_its_timeout_or_its_time_whichever_comes_first) {
  Session session;
  session.times.lingering = session.times.heard = at(seconds(0));
  EXPECT_EQ(session.passes(Deadline::linger), at(seconds(5)));
  session.times.heard = at(seconds(28));
  EXPECT_EQ(session.passes(Deadline::linger), at(seconds(30)));
  session.times.heard = at(seconds(0));
  session.linger.mode = termination::LingerMode::always;
  EXPECT_EQ(session.passes(Deadline::linger), at(seconds(30))) << "however quiet the peer is";
}

TEST(Times, T8_full_send_queues_are_looked_at_in_each_quarter_of_a_limit_on_silence) {
  Session session;
  session.limits.half_close = seconds(8);
  const auto look = [&](bool empty) { return look_at(Deadline::half_close, session.times, session.bounds(), empty); };
  EXPECT_EQ(look(false), at(seconds(2)));
  session.times.looked = at(seconds(2));
  EXPECT_EQ(look(false), at(seconds(4)));
  EXPECT_EQ(look(true), std::nullopt) << "they held nothing: nobody takes bytes out of them";
  session.times.looked = at(seconds(7));
  EXPECT_EQ(look(false), std::nullopt) << "the limit itself comes first";
  EXPECT_EQ(look_at(Deadline::reset_flush, session.times, session.bounds(), false), std::nullopt);
}

TEST(Times, T8_a_long_limit_is_looked_at_once_a_minute) {
  Session session;
  EXPECT_EQ(look_at(Deadline::idle, session.times, session.bounds(), false), at(seconds(60)));
}

TEST(Times, T4_acknowledgements_are_polled_for_ever_less_often) {
  AckPoll poll;
  TimePoint now = at(seconds(0));
  std::vector<Duration> pauses;
  for (int count = 0; count < 10; ++count) {
    const TimePoint next = poll.next(now);
    EXPECT_EQ(poll.next(now), next) << "asked again before its time, it stays";
    pauses.push_back(std::chrono::duration_cast<Duration>(next - now));
    now = next;
  }
  EXPECT_EQ(pauses.front(), milliseconds(1));
  EXPECT_EQ(pauses[1], milliseconds(2));
  EXPECT_EQ(pauses.back(), milliseconds(250));
  poll.stop();
  EXPECT_EQ(poll.next(now), now + milliseconds(1));
}

TEST(Times, silence_ends_a_udp_upstream_only_after_the_clients_fin) {
  const Session session;
  termination::Session state = termination::new_session();
  state = termination::step(state, termination::Event::connected, termination::Which::upstream)->session;
  const auto end = [&](net::Transport kind) { return end_of_silence(state, kind, session.times, session.limits); };
  EXPECT_EQ(end(net::Transport::udp), TimePoint::max());
  state = termination::step(state, termination::Event::fin, termination::Which::client)->session;
  EXPECT_EQ(end(net::Transport::udp), at(seconds(60)));
  EXPECT_EQ(end(net::Transport::tcp), TimePoint::max());
}

}  // namespace
}  // namespace lastbyte::relay
