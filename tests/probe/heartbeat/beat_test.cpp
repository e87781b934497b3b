#include "probe/heartbeat/beat.h"

#include <gtest/gtest.h>
#include <heartbeat.pb.h>

namespace lastbyte::heartbeat {
namespace {

using std::chrono::microseconds;

constexpr TimePoint at(std::int64_t milliseconds) {
  return TimePoint{} + std::chrono::hours(1) + Duration(milliseconds);
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string delimited(const v1::Frame& frame) {
  const std::string body = frame.SerializeAsString();
  std::string out;
  if (body.size() >= 0x80) out += static_cast<char>((body.size() & 0x7fU) | 0x80U);
  out += static_cast<char>(body.size() < 0x80 ? body.size() : body.size() >> 7U);
  return out + body;
}

v1::Frame frame(std::uint64_t sequence, std::uint64_t peer_session = 0) {
  v1::Frame out;
  out.set_sequence(sequence);
  out.set_session(22);
  out.set_peer_session(peer_session);
  out.set_interval_ms(1000);
  out.set_sent_us(sequence);
  return out;
}

v1::Frame parsed(const std::string& sent) {
  v1::Frame out;
  EXPECT_TRUE(out.ParseFromString(sent.substr(1))) << "one byte of length";
  return out;
}

Beat beat_of(std::uint64_t session) { return Beat({.interval = Duration(1000), .session = session}, at(0)); }

TEST(Heartbeat, two_ends_confirm_each_other_and_measure_the_round_trip) {
  Beat one = beat_of(11);
  Beat two = beat_of(22);
  const std::string first = one.due(at(0));
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(two.due(at(0)).size() > 2);  // lost on the way: `one` never receives it
  const auto heard = two.receive(bytes(first), at(10));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_FALSE(heard[0].confirmed) << "it has not heard us yet";
  EXPECT_FALSE(heard[0].round_trip);

  const std::string answer = two.due(at(12));
  ASSERT_FALSE(answer.empty()) << "the first frame is answered at once";
  const auto back = one.receive(bytes(answer), at(20));
  ASSERT_EQ(back.size(), 1U);
  EXPECT_TRUE(back[0].confirmed);
  EXPECT_EQ(back[0].round_trip, microseconds(18'000)) << "20 ms, of which the other end held it for 2";
  EXPECT_EQ(back[0].interval, Duration(1000));
}

TEST(Heartbeat, frames_are_due_by_the_interval) {
  Beat beat = beat_of(11);
  EXPECT_EQ(beat.next(), at(0));
  EXPECT_FALSE(beat.due(at(0)).empty());
  EXPECT_TRUE(beat.due(at(999)).empty());
  EXPECT_EQ(beat.next(), at(1000));
  EXPECT_FALSE(beat.due(at(1000)).empty());
  EXPECT_EQ(beat.counts().sent, 2U);
}

TEST(Heartbeat, a_change_of_condition_is_told_at_once) {
  Beat beat = beat_of(11);
  beat.due(at(0));
  beat.tell({.load_percent = 70, .draining = true});
  const v1::Frame told = parsed(beat.due(at(1)));
  EXPECT_EQ(told.load_percent(), 70U);
  EXPECT_TRUE(told.draining());
  beat.tell({.load_percent = 70, .draining = true});
  EXPECT_TRUE(beat.due(at(2)).empty()) << "nothing has changed";
}

TEST(Heartbeat, nothing_heard_for_one_and_a_half_intervals_is_dead_and_any_frame_counts) {
  Beat beat = beat_of(11);
  beat.receive(bytes(delimited(frame(1))), at(1400));
  EXPECT_FALSE(beat.end(at(2899)));
  beat.receive(bytes(delimited(frame(2))), at(2899));
  EXPECT_FALSE(beat.end(at(4398)));
  EXPECT_EQ(beat.end(at(4399)), End::silent);
  EXPECT_TRUE(beat.receive(bytes(delimited(frame(3))), at(4400)).empty()) << "the end is for good";
}

TEST(Heartbeat, the_peers_own_interval_counts) {
  Beat beat = beat_of(11);
  v1::Frame slow = frame(1);
  slow.set_interval_ms(10'000);
  beat.receive(bytes(delimited(slow)), at(0));
  EXPECT_FALSE(beat.end(at(14'999)));
  EXPECT_EQ(beat.end(at(15'000)), End::silent);
}

TEST(Heartbeat, frames_may_be_cut_in_any_way) {
  const std::string both = delimited(frame(1)) + delimited(frame(2));
  Beat beat = beat_of(11);
  std::size_t heard = 0;
  for (const char each : both) heard += beat.receive(bytes(std::string(1, each)), at(1)).size();
  EXPECT_EQ(heard, 2U);
  EXPECT_EQ(beat_of(11).receive(bytes(both), at(1)).size(), 2U);
}

TEST(Heartbeat, a_frame_that_was_there_before_is_passed_over_and_does_not_count_as_heard) {
  Beat beat = beat_of(11);
  const std::string first = delimited(frame(5));
  beat.receive(bytes(first), at(0));
  EXPECT_TRUE(beat.receive(bytes(first), at(1000)).empty());
  EXPECT_TRUE(beat.receive(bytes(delimited(frame(4))), at(1001)).empty());
  EXPECT_EQ(beat.counts().replayed, 2U);
  EXPECT_EQ(beat.end(at(1500)), End::silent);
}

TEST(Heartbeat, frames_of_another_connection_are_passed_over) {
  Beat beat = beat_of(11);
  EXPECT_TRUE(beat.receive(bytes(delimited(frame(1, 99))), at(0)).empty()) << "made for another session";
  EXPECT_EQ(beat.receive(bytes(delimited(frame(1, 11))), at(0)).size(), 1U);
  EXPECT_TRUE(beat.receive(bytes(delimited(frame(2, 0))), at(0)).empty()) << "it has heard us before";
  v1::Frame other = frame(3, 11);
  other.set_session(33);
  EXPECT_TRUE(beat.receive(bytes(delimited(other)), at(0)).empty()) << "from another sender";
  EXPECT_EQ(beat.counts().replayed, 3U);
  EXPECT_EQ(beat.counts().taken, 1U);
}

TEST(Heartbeat, an_oversized_frame_ends_the_connection_before_it_has_come) {
  Beat beat = beat_of(11);
  beat.receive(bytes("\x81\x08"), at(0));  // 1025
  EXPECT_EQ(beat.end(at(0)), End::oversized);
  Beat endless = beat_of(11);
  endless.receive(bytes("\xff\xff\xff"), at(0));
  EXPECT_EQ(endless.end(at(0)), End::oversized);
  EXPECT_EQ(endless.counts().oversized, 1U);
}

TEST(Heartbeat, a_malformed_frame_ends_the_connection) {
  std::vector<v1::Frame> wrong(5, frame(1));
  wrong[0].clear_sequence();
  wrong[1].clear_session();
  wrong[2].clear_sent_us();
  wrong[3].clear_interval_ms();
  wrong[4].set_interval_ms(3'600'001);
  for (const v1::Frame& each : wrong) {
    Beat beat = beat_of(11);
    EXPECT_TRUE(beat.receive(bytes(delimited(each)), at(0)).empty());
    EXPECT_EQ(beat.end(at(0)), End::malformed);
    EXPECT_EQ(beat.counts().malformed, 1U);
  }
  Beat beat = beat_of(11);
  beat.receive(bytes("GET / HTTP/1.1\r\n\r\n" + std::string(80, 'x')), at(0));
  EXPECT_EQ(beat.end(at(0)), End::malformed);
}

TEST(Heartbeat, a_frame_that_stalls_is_counted) {
  Beat beat = beat_of(11);
  const std::string whole = delimited(frame(1));
  beat.receive(bytes(whole.substr(0, 5)), at(0));
  beat.receive(bytes(whole.substr(5, 1)), at(1400));
  EXPECT_EQ(beat.end(at(1500)), End::stalled);
  EXPECT_EQ(beat.counts().stalled, 1U);
}

TEST(Heartbeat, an_echo_that_was_never_sent_measures_nothing) {
  Beat beat = beat_of(11);
  const v1::Frame sent = parsed(beat.due(at(0)));
  v1::Frame answer = frame(1, 11);
  answer.set_echo_us(sent.sent_us() + 5);
  EXPECT_FALSE(beat.receive(bytes(delimited(answer)), at(3))[0].round_trip);
  answer.set_sequence(2);
  answer.set_echo_us(sent.sent_us());
  answer.set_held_us(4'000);
  EXPECT_FALSE(beat.receive(bytes(delimited(answer)), at(3))[0].round_trip) << "held for longer than it was away";
}

}  // namespace
}  // namespace lastbyte::heartbeat
