// T1: FIN follows data. T2: directions are independent.
#include <gtest/gtest.h>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// The sizes that matter: nothing, less than a buffer, more than all buffers together.
class Size : public ::testing::TestWithParam<const char*> {
 protected:
  /// Returns "send 20M; " or nothing.
  static std::string send() {
    const std::string size = GetParam();
    return size == "0" ? "" : "send " + size + "; ";
  }
};

std::string size_name(const ::testing::TestParamInfo<const char*>& info) { return std::string("Of") + info.param; }

INSTANTIATE_TEST_SUITE_P(FinFollowsData, Size, ::testing::Values("0", "1", "64K", "20M"), size_name);

TEST_P(Size, upload_then_fin_then_answer) {
  const Played played = play(send() + "shutdown; expect fin", "expect fin; " + send() + "close");
  expect_complete(played);
  EXPECT_EQ(played.record.first, "fin");
  EXPECT_EQ(played.record.first_side, "client");
}

TEST_P(Size, download_then_fin_then_upload) {
  const Played played = play("expect fin; " + send() + "close", send() + "shutdown; expect fin");
  expect_complete(played);
  EXPECT_EQ(played.record.first_side, "upstream");
}

TEST_P(Size, both_at_once) {
  const std::string peer = send().empty()
                               ? "shutdown; expect fin"
                               : "send " + std::string(GetParam()) + " | recv " + GetParam() + "; shutdown; expect fin";
  expect_complete(play(peer, peer));
}

TEST(FinFollowsData, T1_fin_right_behind_the_last_byte_of_a_slow_readers_queue) {
  const Played played = play("send 3M; shutdown; expect fin", "window 4K; read by 64K every 1ms; send 10; close");
  expect_complete(played);
}

TEST(FinFollowsData, T1_no_fin_before_the_sources_fin) {
  expect_complete(play("send 10; await quiet; shutdown; expect fin",
                       "recv 10; expect quiet 200ms; signal quiet; expect fin; close"));
}

TEST(FinFollowsData, T1_many_small_writes_then_fin) {
  expect_complete(play("repeat 5000 (send 1); shutdown; expect fin", "expect fin; repeat 5000 (send 1); close"));
}

TEST(HalfClose, T2_the_answer_takes_its_time_after_the_clients_fin) {
  expect_complete(play("send 100; shutdown; expect fin", "expect fin; repeat 5 (sleep 50ms; send 100K); close"));
}

TEST(HalfClose, T2_the_upload_takes_its_time_after_the_servers_fin) {
  expect_complete(play("expect fin; repeat 5 (sleep 50ms; send 100K); close", "send 100; shutdown; expect fin"));
}

TEST(HalfClose, T2_the_client_is_told_of_the_servers_fin_at_once) {
  // The upload continues only after the client has seen the FIN.
  const Played played = play("expect fin; signal seen; send 2M; close", "send 10; shutdown; await seen; expect fin");
  expect_complete(played);
}

TEST(HalfClose, T2_a_half_closed_session_may_be_silent_for_long) {
  expect_complete(play("send 10; shutdown; expect quiet 1s; signal waited; expect fin",
                       "expect fin; await waited; send 3M; close"));
}

TEST(HalfClose, T2_conversations_go_on_while_the_other_direction_is_blocked) {
  // The client does not read the server's 8 MB, but its own bytes pass.
  expect_complete(play("repeat 100 (send 1K; sleep 1ms); shutdown; signal sent; expect fin",
                       "send 8M | recv 100K; await sent; expect fin; close"));
}

TEST(HalfClose, T2_simultaneous_fins) {
  for (int round = 0; round < 20; ++round) {
    expect_complete(play("recv 1; signal a; await b; send 5K; shutdown; expect fin",
                         "send 1; await a; signal b; send 5K; shutdown; expect fin"));
  }
}

}  // namespace
}  // namespace lastbyte::system_test
