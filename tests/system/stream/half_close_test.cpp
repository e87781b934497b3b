// T1: FIN follows data. T2: directions are independent.
#include <gtest/gtest.h>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// The sizes that matter: nothing, less than a buffer, more than all buffers together.
class Size : public ::testing::TestWithParam<const char*> {
 protected:
  /// "send 20M; " or nothing.
  static std::string send() {
    const std::string size = GetParam();
    return size == "0" ? "" : "send " + size + "; ";
  }
};

std::string size_name(const ::testing::TestParamInfo<const char*>& info) { return std::string("Of") + info.param; }

INSTANTIATE_TEST_SUITE_P(T1_FinFollowsData, Size, ::testing::Values("0", "1", "64K", "20M"), size_name);

TEST_P(Size, UploadThenFinThenAnswer) {
  const Played played = play(send() + "shutdown; expect fin", "expect fin; " + send() + "close");
  expect_complete(played);
  EXPECT_EQ(played.record.first, "fin");
  EXPECT_EQ(played.record.first_side, "client");
}

TEST_P(Size, DownloadThenFinThenUpload) {
  const Played played = play("expect fin; " + send() + "close", send() + "shutdown; expect fin");
  expect_complete(played);
  EXPECT_EQ(played.record.first_side, "upstream");
}

TEST_P(Size, BothAtOnce) {
  const std::string peer = send().empty()
                               ? "shutdown; expect fin"
                               : "send " + std::string(GetParam()) + " | recv " + GetParam() + "; shutdown; expect fin";
  expect_complete(play(peer, peer));
}

TEST(T1_FinFollowsData, FinRightBehindTheLastByteOfASlowReadersQueue) {
  const Played played = play("send 3M; shutdown; expect fin", "window 4K; read by 64K every 1ms; send 10; close");
  expect_complete(played);
}

TEST(T1_FinFollowsData, NoFinBeforeTheSourcesFin) {
  expect_complete(play("send 10; await quiet; shutdown; expect fin",
                       "recv 10; expect quiet 200ms; signal quiet; expect fin; close"));
}

TEST(T1_FinFollowsData, ManySmallWritesThenFin) {
  expect_complete(play("repeat 5000 (send 1); shutdown; expect fin", "expect fin; repeat 5000 (send 1); close"));
}

TEST(T2_DirectionsAreIndependent, TheAnswerTakesItsTimeAfterTheClientsFin) {
  expect_complete(play("send 100; shutdown; expect fin", "expect fin; repeat 5 (sleep 50ms; send 100K); close"));
}

TEST(T2_DirectionsAreIndependent, TheUploadTakesItsTimeAfterTheServersFin) {
  expect_complete(play("expect fin; repeat 5 (sleep 50ms; send 100K); close", "send 100; shutdown; expect fin"));
}

TEST(T2_DirectionsAreIndependent, TheClientIsToldOfTheServersFinAtOnce) {
  // The upload goes on only after the client has seen the FIN.
  const Played played = play("expect fin; signal seen; send 2M; close", "send 10; shutdown; await seen; expect fin");
  expect_complete(played);
}

TEST(T2_DirectionsAreIndependent, AHalfClosedSessionMayBeSilentForLong) {
  expect_complete(play("send 10; shutdown; expect quiet 1s; signal waited; expect fin",
                       "expect fin; await waited; send 3M; close"));
}

TEST(T2_DirectionsAreIndependent, ConversationsGoOnWhileTheOtherDirectionIsBlocked) {
  // The client does not read the 8 MB that the server pushes, and its own bytes pass all the same.
  expect_complete(play("repeat 100 (send 1K; sleep 1ms); shutdown; signal sent; expect fin",
                       "send 8M | recv 100K; await sent; expect fin; close"));
}

TEST(T2_DirectionsAreIndependent, SimultaneousFins) {
  for (int round = 0; round < 20; ++round) {
    expect_complete(play("recv 1; signal a; await b; send 5K; shutdown; expect fin",
                         "send 1; await a; signal b; send 5K; shutdown; expect fin"));
  }
}

}  // namespace
}  // namespace lastbyte::system_test
