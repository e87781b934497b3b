// Tests how resets are joined with their sessions, in whatever order they are reported.
#include "trace/join.h"

#include <gtest/gtest.h>

namespace lastbyte::trace {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{100s};

kernel::TcpEvent reset(std::uint64_t cookie, std::uint16_t port, TimePoint at = kStart) {
  kernel::TcpEvent event;
  event.kind = kernel::EventKind::reset_received;
  event.time = at;
  event.cookie = cookie;
  event.local = *net::Address::parse("127.0.0.1", 80);
  event.remote = *net::Address::parse("127.0.0.1", port);
  return event;
}

EndedSide side(std::uint64_t session, std::uint64_t cookie, std::uint16_t port) {
  EndedSide side;
  side.session = session;
  side.cookie = cookie;
  side.local = "127.0.0.1:80";
  side.peer = "127.0.0.1:" + std::to_string(port);
  return side;
}

class JoinedResets : public ::testing::Test {
 protected:
  /// Returns "PORT" or "PORT #SESSION", with "again" appended if so.
  std::vector<std::string> told() { return std::exchange(told_, {}); }

  Joiner joiner_{1s, true};
  Joiner::Tell tell_ = [this](const Joiner::Told& each) {
    std::string text = std::to_string(each.event.remote.port());
    if (each.side != nullptr) text += " #" + std::to_string(each.side->session);
    if (each.again) text += " again";
    told_.push_back(text);
  };

 private:
  std::vector<std::string> told_;
};

using Told = std::vector<std::string>;

TEST_F(JoinedResets, one_that_is_of_no_instance_is_told_at_once) {
  joiner_.add(reset(7, 1), false, tell_);
  EXPECT_EQ(told(), Told{"1"});
  EXPECT_EQ(joiner_.wakes_at(), TimePoint::max());
}

TEST_F(JoinedResets, one_waits_for_its_session_and_is_told_once) {
  joiner_.add(reset(7, 1), true, tell_);
  EXPECT_EQ(told(), Told{});
  joiner_.add(side(12, 7, 1), tell_);
  EXPECT_EQ(told(), Told{"1 #12"});
  joiner_.pass_time(kStart + 1h, tell_);
  joiner_.add(side(13, 8, 1), tell_);
  EXPECT_EQ(told(), Told{});
}

TEST_F(JoinedResets, one_whose_session_goes_on_is_told_without_it_and_again_with_it) {
  joiner_.add(reset(7, 1), true, tell_);
  EXPECT_EQ(joiner_.wakes_at(), kStart + 1s);
  joiner_.pass_time(kStart + 999ms, tell_);
  EXPECT_EQ(told(), Told{});
  joiner_.pass_time(kStart + 1s, tell_);
  EXPECT_EQ(told(), Told{"1"});
  joiner_.add(side(12, 7, 1), tell_);
  EXPECT_EQ(told(), Told{"1 #12 again"});
  joiner_.add(side(12, 7, 1), tell_);
  EXPECT_EQ(told(), Told{}) << "printed twice at most";
}

TEST_F(JoinedResets, one_that_follows_the_end_finds_its_session) {
  joiner_.add(side(12, 7, 1), tell_);
  joiner_.add(reset(7, 1), true, tell_);
  joiner_.add(reset(7, 1), false, tell_);
  EXPECT_EQ(told(), (Told{"1 #12", "1 #12"}));
}

TEST_F(JoinedResets, addresses_join_where_the_kernel_tells_no_cookie) {
  joiner_.add(side(12, 7, 1), tell_);
  joiner_.add(reset(0, 1), true, tell_);
  joiner_.add(reset(0, 2), true, tell_);
  joiner_.add(side(13, 8, 2), tell_);
  EXPECT_EQ(told(), (Told{"1 #12", "2 #13"}));
}

TEST_F(JoinedResets, an_older_session_with_the_same_addresses_is_another_one) {
  joiner_.add(side(12, 7, 1), tell_);
  joiner_.add(reset(9, 1), true, tell_);
  EXPECT_EQ(told(), Told{});
  joiner_.add(side(13, 9, 1), tell_);
  EXPECT_EQ(told(), Told{"1 #13"});
}

TEST_F(JoinedResets, an_instance_is_believed_of_its_own_sockets_alone) {
  kernel::TcpEvent event = reset(7, 1);
  event.owner = {4711, "lastbyte"};
  EndedSide pretended = side(12, 7, 1);
  pretended.pid = 666;
  joiner_.add(pretended, tell_);
  joiner_.add(event, true, tell_);
  EXPECT_EQ(told(), Told{});
  EndedSide own = side(13, 7, 1);
  own.pid = 4711;
  joiner_.add(own, tell_);
  EXPECT_EQ(told(), Told{"1 #13"});
}

TEST_F(JoinedResets, no_more_wait_or_are_known_than_there_is_room_for) {
  for (std::size_t each = 1; each <= Joiner::kMostWaiting; ++each)
    joiner_.add(reset(each, static_cast<std::uint16_t>(each)), true, tell_);
  EXPECT_EQ(told(), Told{});
  joiner_.add(reset(70'000, 65'000), true, tell_);
  EXPECT_EQ(told(), Told{"1"});
  joiner_.flush(tell_);
  EXPECT_EQ(told().size(), Joiner::kMostWaiting);
  for (std::size_t each = 0; each <= Joiner::kMostKnown; ++each)
    joiner_.add(side(each, 100'000 + each, static_cast<std::uint16_t>(each)), tell_);
  told();
  joiner_.add(reset(100'000, 9), false, tell_);
  joiner_.add(reset(100'001, 9), false, tell_);
  EXPECT_EQ(told(), (Told{"9", "9 #1"})) << "only the oldest is dropped";
}

TEST_F(JoinedResets, events_that_come_out_of_order_keep_no_other_waiting_for_longer) {
  joiner_.add(reset(1, 1, kStart + 5ms), true, tell_);
  joiner_.add(reset(2, 2, kStart), true, tell_);
  joiner_.pass_time(kStart + 1s + 5ms, tell_);
  EXPECT_EQ(told(), (Told{"1", "2"}));
}

}  // namespace
}  // namespace lastbyte::trace
