// Sessions of datagrams with members of a group.
#include <gtest/gtest.h>

#include "tests/relay/worker/group_stage.h"
#include "upstream/address_order.h"

namespace lastbyte::relay::group_test {
namespace {

class DatagramGroups : public GroupStage {
 protected:
  void serve(Look& look) { start(look, {}, Transport::udp); }
  Descriptor client() {
    Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), stage_->at().data(), stage_->at().size()), 0);
    set_patience(socket.get());
    return socket;
  }
  /// One datagram, which is answered.
  static std::string receive(const Port& port) {
    std::string room(100, '\0');
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(port.socket.get(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return errno_name(errno);
    ::sendto(port.socket.get(), "answer", 6, 0, reinterpret_cast<const sockaddr*>(&from), length);
    return room.substr(0, static_cast<std::size_t>(got));
  }
};

net::Address nobody() {
  const Port closed("127.0.0.1", SOCK_DGRAM);
  return closed.at;
}

TEST_F(DatagramGroups, a_session_goes_to_the_next_member_after_one_that_refuses) {
  Port serves("127.0.0.1", SOCK_DGRAM);
  Look look({{nobody()}, {serves.at}});
  serve(look);
  const Descriptor socket = client();
  say(socket, "lost");
  // The refusal is known with this one at the latest.
  ASSERT_TRUE(eventually([&] { return look.figures(0).failed == 1; }));
  say(socket, "question");
  EXPECT_EQ(receive(serves), "question");
  EXPECT_EQ(hear(socket, 6), "answer");
  const Record told = record();
  EXPECT_EQ(tries_of(told), "member-0 failed ECONNREFUSED, member-1 connected");
  EXPECT_EQ(told.sides[1].address, serves.at);
  EXPECT_EQ(look.figures(0).sessions, 0U);
  EXPECT_EQ(look.figures(1).sessions, 0U);
}

TEST_F(DatagramGroups, an_address_that_never_answers_is_not_the_first_for_the_next_session) {
  Port silent("127.0.0.2", SOCK_DGRAM);
  Port serves("127.0.0.1", SOCK_DGRAM);
  Look look({{silent.at, serves.at}});
  serve(look);
  const Descriptor first = client();
  say(first, "unheard");
  EXPECT_EQ(record().sides[1].address, silent.at);
  EXPECT_EQ(look.figures(0).preferred, upstream::address_mark(serves.at));
  const Descriptor second = client();
  say(second, "question");
  EXPECT_EQ(receive(serves), "question");
  EXPECT_EQ(hear(second, 6), "answer");
}

TEST_F(DatagramGroups, without_a_member_datagrams_are_refused) {
  Look look({{nobody()}});
  look.snapshot.members[0].state = upstream::State::down;
  serve(look);
  const Descriptor socket = client();
  say(socket, "question");
  EXPECT_TRUE(eventually([&] { return stage_->count(Count::datagrams_refused) == 1; }));
}

TEST_F(DatagramGroups, sessions_of_a_member_that_is_down_end_if_the_group_says_so) {
  Port first("127.0.0.1", SOCK_DGRAM);
  Port second("127.0.0.1", SOCK_DGRAM);
  Look look({{first.at}, {second.at}});
  look.group.on_down = upstream::OnDown::reset;
  start(look, [](Forwarding& forwarding, Shared&) { forwarding.limits.datagram_idle = seconds(20); }, Transport::udp);
  const Descriptor socket = client();
  say(socket, "one");
  EXPECT_EQ(receive(first), "one");
  EXPECT_EQ(hear(socket, 6), "answer");
  look.snapshot.members[0].state = upstream::State::down;
  stage_->update(look.now());
  stage_->wait_for_worker();
  say(socket, "two");
  EXPECT_EQ(receive(second), "two");
}

TEST_F(DatagramGroups, sessions_of_a_member_that_an_operator_disables_end_whatever_the_group_says) {
  Port first("127.0.0.1", SOCK_DGRAM);
  Port second("127.0.0.1", SOCK_DGRAM);
  Look look({{first.at}, {second.at}});
  start(look, [](Forwarding& forwarding, Shared&) { forwarding.limits.datagram_idle = seconds(20); }, Transport::udp);
  const Descriptor socket = client();
  say(socket, "one");
  EXPECT_EQ(receive(first), "one");
  look.snapshot.members[0].state = upstream::State::disabled;
  look.snapshot.members[0].ends_sessions = true;
  stage_->update(look.now());
  stage_->wait_for_worker();
  say(socket, "two");
  EXPECT_EQ(receive(second), "two");
}

}  // namespace
}  // namespace lastbyte::relay::group_test
