// Requests that are sent again after an upstream has failed before its first byte (T3).
#include <gtest/gtest.h>

#include "tests/relay/worker/group_stage.h"

namespace lastbyte::relay::group_test {
namespace {

class Replay : public GroupStage {};

void replay(Forwarding& forwarding, Shared& /*shared*/) {
  forwarding.retry.emplace();
  forwarding.retry->on_reset = true;
  forwarding.retry->replay = 1000;
}

TEST_F(Replay, T3_what_was_sent_to_an_upstream_that_resets_is_sent_to_another_one) {
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{resets.at}, {serves.at}});
  start(look, replay);
  Descriptor client = stage_->connect();
  say(client, "question");
  half_close(client);
  Descriptor first = resets.accept();
  EXPECT_EQ(hear_all(first), "question") << "its FIN goes with it";
  reset(first);
  Descriptor second = serves.accept();
  EXPECT_EQ(hear_all(second), "question");
  say(second, "answer");
  second.close();
  EXPECT_EQ(hear_all(client), "answer");
  const Record told = record();
  EXPECT_EQ(tries_of(told), "member-0 reset ECONNRESET, member-1 connected");
  EXPECT_TRUE(told.stream().verdict.complete);
  EXPECT_EQ(told.stream().flow(termination::Which::client).delivered, 8U) << "of the last try alone";
  EXPECT_EQ(told.stream().flow(termination::Which::client).received, 8U);
  ASSERT_FALSE(observed().empty());
  EXPECT_EQ(observed()[0].what, upstream::Observation::What::early_reset);
}

TEST_F(Replay, T3_each_try_gets_the_proxy_header) {
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{resets.at}, {serves.at}});
  start(look, [](Forwarding& forwarding, Shared& shared) {
    replay(forwarding, shared);
    forwarding.send_proxy = net::proxy_protocol::Version::v1;
  });
  Descriptor client = stage_->connect();
  say(client, "question");
  Descriptor first = resets.accept();
  std::string heard = hear(first, 6);
  while (!heard.ends_with("question")) heard += hear(first, 1);
  EXPECT_TRUE(heard.starts_with("PROXY TCP4 127.0.0.1")) << heard;
  reset(first);
  Descriptor second = serves.accept();
  EXPECT_EQ(hear(second, heard.size()), heard);
  say(second, "answer");
  EXPECT_EQ(hear(client, 6), "answer");
  exchange(client, second);
  end(client, second);
  EXPECT_TRUE(record().stream().verdict.complete);
}

TEST_F(Replay, T3_without_replay_nothing_is_sent_twice) {
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{resets.at}, {serves.at}});
  start(look, try_often);
  const Descriptor client = stage_->connect();
  say(client, "question");
  Descriptor first = resets.accept();
  EXPECT_EQ(hear(first, 8), "question");
  reset(first);
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(tries_of(record()), "member-0 connected");
}

TEST_F(Replay, T3_more_than_replay_ends_the_trial) {
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{resets.at}, {serves.at}});
  start(look, replay);
  const Descriptor client = stage_->connect();
  say(client, std::string(900, 'a'));
  Descriptor first = resets.accept();
  EXPECT_EQ(hear(first, 900).size(), 900U);
  say(client, std::string(101, 'b'));
  EXPECT_EQ(hear(first, 101), std::string(101, 'b'));
  reset(first);
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(tries_of(record()), "member-0 connected");
}

TEST_F(Replay, T3_one_byte_of_the_answer_ends_the_trial) {
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{resets.at}, {serves.at}});
  start(look, replay);
  const Descriptor client = stage_->connect();
  say(client, "question");
  Descriptor first = resets.accept();
  EXPECT_EQ(hear(first, 8), "question");
  say(first, "a");
  EXPECT_EQ(hear(client, 1), "a");
  reset(first);
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  const Record told = record();
  EXPECT_EQ(tries_of(told), "member-0 connected");
  EXPECT_EQ(told.stream().flow(termination::Which::client).delivered, 8U);
}

TEST_F(Replay, T3_the_attempts_of_a_replay_are_bounded) {
  Port resets;
  resets.listen();
  Look look({{resets.at}});
  start(look, [](Forwarding& forwarding, Shared& shared) {
    replay(forwarding, shared);
    forwarding.retry->attempts = 2;
  });
  const Descriptor client = stage_->connect();
  say(client, "question");
  for (int attempt = 0; attempt < 3; ++attempt) {
    Descriptor server = resets.accept();
    EXPECT_EQ(hear(server, 8), "question");
    reset(server);
  }
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(tries_of(record()), "member-0 reset ECONNRESET, member-0 reset ECONNRESET, member-0 connected");
}

TEST_F(Replay, T4_a_client_that_resets_on_trial_is_passed_on) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  start(look, replay);
  Descriptor client = stage_->connect();
  say(client, "question");
  Descriptor server = serves.accept();
  EXPECT_EQ(hear(server, 8), "question");
  reset(client);
  EXPECT_EQ(hear_all(server), "ECONNRESET");
  const Record told = record();
  EXPECT_EQ(told.stream().verdict.end(termination::Which::client), termination::End::reset);
  EXPECT_EQ(told.stream().flow(termination::Which::client).delivered, 8U);
}

TEST_F(Replay, T8_on_trial_the_idle_limit_holds) {
  Port serves;
  serves.listen();
  Look look({{serves.at}});
  start(look, [](Forwarding& forwarding, Shared& shared) {
    replay(forwarding, shared);
    forwarding.limits.connect = milliseconds(20);
    forwarding.limits.idle = milliseconds(200);
  });
  const Descriptor client = stage_->connect();
  say(client, "question");
  Descriptor server = serves.accept();
  EXPECT_EQ(hear_all(client), "ECONNRESET");
  EXPECT_EQ(record().stream().verdict.limit, termination::Deadline::idle);
}
}  // namespace
}  // namespace lastbyte::relay::group_test
