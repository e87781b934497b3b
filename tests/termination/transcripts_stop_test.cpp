// Sessions that an operator stops, and those that lastbyte gives up itself; as transcripts_test.cpp.
#include <gtest/gtest.h>

#include "tests/termination/playbook.h"

namespace lastbyte::termination::test {
namespace {

// ---- T15 stopping --------------------------------------------------------------------------------------------------

TEST(Termination, T15_a_stop_lets_a_session_finish) {
  Playbook play;
  play >> connected(kUpstream) >> stop();
  EXPECT_EQ(play.deadline(), Deadline::drain);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> acked(kClient) << close(kClient);
  play >> acked(kUpstream) << close(kUpstream);
  EXPECT_TRUE(play.verdict().complete);
  EXPECT_EQ(play.verdict().first, First::stop);
}

TEST(Termination, T15_the_drain_time_ends_in_resets_never_in_a_false_fin) {
  Playbook play;
  play >> connected(kUpstream) >> stop();
  play >> fin(kClient) << send_fin(kUpstream);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().end(kUpstream), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::drain);
}

TEST(Termination, T15_abort_resets_whatever_is_left) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> abort_all() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::none);
}

TEST(Termination, T11_an_abandoned_session_is_reset_and_is_told_as_such) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> abandon() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::abandoned);
  EXPECT_EQ(play.verdict().end(kUpstream), End::abandoned);
  EXPECT_EQ(play.verdict().first, First::abandoned);
  EXPECT_EQ(play.verdict().limit, Deadline::none);
}

TEST(Termination, T11_an_abandoned_session_tells_what_the_peers_did_before) {
  Playbook play;
  play >> connected(kUpstream) >> stop() >> pending(kUpstream);
  play >> reset(kClient) << close(kClient);
  play >> abandon() << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::abandoned);
  EXPECT_EQ(play.verdict().first, First::stop);
}

TEST(Termination, T15_the_drain_time_ends_a_connect_too_and_is_named) {
  Playbook play;
  play >> stop();
  ASSERT_EQ(play.deadline(), Deadline::connect);
  play >> abort_all() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::drain);
}

}  // namespace
}  // namespace lastbyte::termination::test
