// What comes before the upstream is connected (T3), event by event.
#include <gtest/gtest.h>

#include "tests/termination/playbook.h"

namespace lastbyte::termination::test {
namespace {

TEST(Termination, T3_early_bytes_and_fin_stay_in_the_kernel_until_the_upstream_is_there) {
  Playbook play;
  EXPECT_FALSE(play.reads(kClient));
  EXPECT_TRUE(play.impossible(fin(kClient)));
  play >> connected(kUpstream);
  EXPECT_TRUE(play.reads(kClient));
  play >> fin(kClient) << send_fin(kUpstream);
}

TEST(Termination, T3_early_reset_cancels_the_attempt) {
  Playbook play;
  play >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::passed_on);
}

TEST(Termination, T3_nothing_is_tried_until_the_client_has_told_who_it_is) {
  Playbook play(true, Greeting::awaited);
  EXPECT_EQ(play.deadline(), Deadline::proxy_header);
  EXPECT_FALSE(play.reads(kClient));
  EXPECT_TRUE(play.impossible(connected(kUpstream)));
  EXPECT_TRUE(play.impossible(fin(kClient))) << "it stays in the kernel until it can be passed on";
  play >> greeted(kClient);
  EXPECT_EQ(play.deadline(), Deadline::connect);
  EXPECT_TRUE(play.impossible(greeted(kClient)));
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
}

TEST(Termination, T3_a_client_that_is_not_to_be_served_is_reset_and_nobody_else_hears_of_it) {
  Playbook play(true, Greeting::awaited);
  play >> rejected(kClient) << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::rejected);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
  EXPECT_EQ(play.verdict().first, First::rejected);
}

TEST(Termination, T3_a_reset_ahead_of_the_greeting_leaves_the_upstream_untried) {
  Playbook play(true, Greeting::awaited);
  play >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(Termination, T8_a_client_that_never_tells_who_it_is_has_its_own_limit) {
  Playbook play(true, Greeting::awaited);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::proxy_header);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(Termination, T3_an_upstream_that_is_held_back_is_connected_at_the_clients_first_byte) {
  Playbook play;
  play >> held_back(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::first_byte);
  EXPECT_FALSE(play.reads(kClient)) << "the byte stays in the kernel (T9)";
  EXPECT_TRUE(play.impossible(connected(kUpstream)));
  play >> asked(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::connect);
  play >> connected(kUpstream);
  EXPECT_TRUE(play.reads(kClient));
}

TEST(Termination, T3_a_client_that_leaves_without_a_byte_is_closed_and_its_upstream_never_tried) {
  Playbook play(true, Greeting::awaited);
  play >> greeted(kClient) >> held_back(kUpstream) >> fin(kClient) << close(kClient) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::fin);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
  EXPECT_EQ(play.verdict().first, First::fin);
  EXPECT_FALSE(play.verdict().complete);
}

TEST(Termination, T8_a_client_that_stays_silent_has_a_limit_of_its_own) {
  Playbook play;
  play >> held_back(kUpstream) >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::first_byte);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(Termination, T3_a_reset_of_a_silent_client_leaves_the_upstream_untried) {
  Playbook play;
  play >> held_back(kUpstream) >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(Termination, T3_unreachable_upstream_resets_the_client) {
  Playbook play;
  play >> connect_failed(kUpstream) << reset_and_close(kClient) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::passed_on);
  EXPECT_EQ(play.verdict().end(kUpstream), End::unreachable);
  EXPECT_EQ(play.verdict().first, First::unreachable);
}

TEST(Termination, T3_the_connect_limit_resets_the_client) {
  Playbook play;
  EXPECT_EQ(play.deadline(), Deadline::connect);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::connect);
}

TEST(Termination, T8_a_session_in_the_queue_has_its_own_limit) {
  Playbook play;
  play >> queued(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::queue);
  EXPECT_TRUE(play.impossible(connected(kUpstream)));
  EXPECT_TRUE(play.impossible(fin(kClient))) << "it stays in the kernel until it can be passed on";
  play >> dequeued(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::connect);
  play >> queued(kUpstream);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::queue);
}

TEST(Termination, T3_a_reset_ends_the_waiting_for_room) {
  Playbook play;
  play >> queued(kUpstream);
  play >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::passed_on);
}

}  // namespace
}  // namespace lastbyte::termination::test
