// A worker whose sessions go to members of a group.
#include <gtest/gtest.h>

#include "tests/relay/worker/group_stage.h"
#include "upstream/address_order.h"

namespace lastbyte::relay::group_test {
namespace {

class Group : public GroupStage {};

TEST_F(Group, T3_another_member_is_tried_after_one_that_refuses) {
  Port refuses;
  Port serves;
  serves.listen();
  Look look({{refuses.at}, {serves.at}});
  start(look);
  Descriptor client = stage_->connect();
  Descriptor server = serves.accept();
  exchange(client, server);
  end(client, server);
  const Record told = record();
  EXPECT_EQ(tries_of(told), "member-0 failed ECONNREFUSED, member-1 connected");
  EXPECT_EQ(told.stream().retries, 1U);
  EXPECT_TRUE(told.stream().verdict.complete);
  ASSERT_EQ(observed().size(), 1U);
  EXPECT_EQ(observed()[0].what, upstream::Observation::What::connect_failure);
  EXPECT_EQ(observed()[0].member, 0U);
  EXPECT_EQ(look.figures(0).sessions, 0U);
  EXPECT_EQ(look.figures(1).sessions, 0U);
  EXPECT_EQ(look.figures(1).began, 1U);
}

TEST_F(Group, T3_without_retries_each_member_is_tried_once_and_then_the_client_is_reset) {
  Port first;
  Port second;
  Look look({{first.at}, {second.at}});
  start(look);
  const Descriptor client = stage_->connect();
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  const Record told = record();
  EXPECT_EQ(tries_of(told), "member-0 failed ECONNREFUSED, member-1 failed ECONNREFUSED");
  EXPECT_EQ(told.stream().verdict.end(termination::Which::upstream), termination::End::unreachable);
}

TEST_F(Group, T3_an_upstream_that_starts_meanwhile_costs_a_client_nothing) {
  Port late;
  Look look({{late.at}});
  start(look, try_often);
  Descriptor client = stage_->connect();
  say(client, "early");
  ASSERT_TRUE(eventually([&] { return look.figures(0).failed > 3; }));
  late.listen();
  Descriptor server = late.accept();
  EXPECT_EQ(hear(server, 5), "early");
  end(client, server);
  const Record told = record();
  EXPECT_TRUE(told.stream().verdict.complete);
  EXPECT_GE(told.stream().retries, 4U);
}

TEST_F(Group, T3_a_reset_ends_the_retries) {
  Port refuses;
  Look look({{refuses.at}});
  start(look, try_often);
  Descriptor client = stage_->connect();
  ASSERT_TRUE(eventually([&] { return look.figures(0).failed > 3; }));
  reset(client);
  EXPECT_EQ(record().stream().verdict.end(termination::Which::client), termination::End::reset);
}

TEST_F(Group, T3_a_silent_address_is_outrun_and_comes_last_from_then_on) {
  Port silent("127.0.0.2");
  Port serves;
  silent.fall_silent();
  serves.listen();
  Look look({{silent.at, serves.at}});
  start(look);
  for (int session = 0; session < 2; ++session) {
    Descriptor client = stage_->connect();
    Descriptor server = serves.accept();
    exchange(client, server);
    end(client, server);
    const Record told = record();
    ASSERT_TRUE(told.tries);
    if (session == 0) {
      EXPECT_EQ(tries_of(told), "member-0 connected, member-0 outrun");
      EXPECT_EQ(told.tries->all[0].address, serves.at);
      EXPECT_GE(told.tries->all[0].began, upstream::kAttemptDelay);
    } else {
      EXPECT_EQ(tries_of(told), "member-0 connected");
    }
  }
}

TEST_F(Group, T8_a_session_waits_until_a_member_has_room) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  look.limit(0, 1);
  look.group.queue = {.length = 1, .time = seconds(20)};
  start(look);
  Descriptor first = stage_->connect();
  Descriptor first_server = serves.accept();
  exchange(first, first_server);
  Descriptor second = stage_->connect();
  say(second, "waiting");
  half_close(second);
  ASSERT_TRUE(eventually([&] { return stage_->count(Count::accepted) == 2; }));
  const Descriptor third = stage_->connect();
  EXPECT_EQ(hear_all(third), "ECONNRESET") << "the queue has one place";
  end(first, first_server);
  Descriptor second_server = serves.accept();
  EXPECT_EQ(hear_all(second_server), "waiting");
  second_server.close();
  EXPECT_EQ(hear_all(second), "");
  const auto all = records(3);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[2].stream().verdict.complete);
}

TEST_F(Group, T8_the_time_in_the_queue_is_named) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  look.limit(0, 1);
  look.group.queue = {.length = 5, .time = milliseconds(30)};
  start(look);
  Descriptor first = stage_->connect();
  Descriptor server = serves.accept();
  const Descriptor second = stage_->connect();
  EXPECT_EQ(hear_all(second), "ECONNRESET");
  EXPECT_EQ(record().stream().verdict.limit, termination::Deadline::queue);
  end(first, server);
}

TEST_F(Group, T3_a_reset_gives_the_place_in_the_queue_back) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  look.limit(0, 1);
  look.group.queue = {.length = 1, .time = seconds(20)};
  start(look);
  Descriptor first = stage_->connect();
  Descriptor server = serves.accept();
  Descriptor second = stage_->connect();
  ASSERT_TRUE(eventually([&] { return stage_->count(Count::accepted) == 2; }));
  reset(second);
  record();
  Descriptor third = stage_->connect();
  end(first, server);
  server = serves.accept();
  exchange(third, server);
  end(third, server);
}

TEST_F(Group, a_member_that_comes_up_ends_the_waiting) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  look.snapshot.members[0].state = upstream::State::down;
  start(look, try_often);
  Descriptor client = stage_->connect();
  ASSERT_TRUE(eventually([&] { return stage_->count(Count::accepted) == 1; }));
  look.snapshot.members[0].state = upstream::State::up;
  stage_->update(look.now());
  Descriptor server = serves.accept();
  exchange(client, server);
  end(client, server);
}

TEST_F(Group, a_member_that_goes_down_resets_its_sessions_if_the_group_says_so) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  look.group.on_down = upstream::OnDown::reset;
  start(look);
  const Descriptor client = stage_->connect();
  const Descriptor server = serves.accept();
  exchange(client, server);
  look.snapshot.members[0].state = upstream::State::down;
  stage_->update(look.now());
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(hear_all(server), "ECONNRESET");
  EXPECT_EQ(record().stream().abandoned, Abandoned::member_down);
}

TEST_F(Group, a_member_that_an_operator_disables_resets_its_sessions_whatever_the_group_says) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  start(look);
  const Descriptor client = stage_->connect();
  const Descriptor server = serves.accept();
  exchange(client, server);
  look.snapshot.members[0].state = upstream::State::disabled;  // by an agent
  stage_->update(look.now());
  exchange(client, server);
  look.snapshot.members[0].ends_sessions = true;
  stage_->update(look.now());
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(hear_all(server), "ECONNRESET");
  EXPECT_EQ(record().stream().abandoned, Abandoned::member_down);
}

TEST_F(Group, a_member_that_is_gone_keeps_its_sessions_for_their_age) {
  Port serves;
  Port other;
  serves.listen();
  Look look({{serves.at}, {other.at}});
  look.group.names.drain_age = milliseconds(100);
  start(look);
  const Descriptor client = stage_->connect();
  const Descriptor server = serves.accept();
  exchange(client, server);
  look.snapshot.members.erase(look.snapshot.members.begin());
  stage_->update(look.now());
  stage_->wait_for_worker();
  exchange(client, server);
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(record().stream().abandoned, Abandoned::member_gone);
}

TEST_F(Group, round_robin_spreads_sessions_and_members_have_their_own_options) {
  Port first;
  Port second;
  first.listen();
  second.listen();
  Look look({{first.at}, {second.at}});
  look.group.policy = upstream::Policy::round_robin;
  upstream::Member settings;
  settings.options.sources = {net::Source(*net::Address::parse("127.0.0.9", 0))};
  look.snapshot.members[1].settings = std::make_shared<const upstream::Member>(settings);
  start(look);
  for (int round = 0; round < 2; ++round) {
    Descriptor client = stage_->connect();
    Descriptor server = first.accept();
    exchange(client, server);
    end(client, server);
    client = stage_->connect();
    sockaddr_in from{};
    socklen_t length = sizeof from;
    server = Descriptor(::accept4(second.socket.get(), reinterpret_cast<sockaddr*>(&from), &length, SOCK_CLOEXEC));
    EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x7f000009U);
    exchange(client, server);
    end(client, server);
  }
}
}  // namespace
}  // namespace lastbyte::relay::group_test
