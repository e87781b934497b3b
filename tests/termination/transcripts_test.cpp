// The clauses of docs/contract.md, each as the session that an engineer would draw on a whiteboard.
#include <gtest/gtest.h>

#include "tests/termination/playbook.h"

namespace lastbyte::termination::test {
namespace {

// ---- T1 FIN follows data -------------------------------------------------------------------------------------------

TEST(Termination, T1_fin_is_passed_on_at_once_where_nothing_waits) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
}

TEST(Termination, T1_fin_stays_behind_bytes_that_wait) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kClient);
  play >> fin(kClient);
  play >> drained(kClient) << send_fin(kUpstream);
}

TEST(Termination, T1_a_whole_session_is_complete_once_both_fins_are_acknowledged) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  EXPECT_TRUE(play.awaits_ack(kClient));
  EXPECT_TRUE(play.awaits_ack(kUpstream));
  play >> acked(kUpstream) << close(kUpstream);
  play >> acked(kClient) << close(kClient);
  EXPECT_TRUE(play.verdict().complete);
  EXPECT_EQ(play.verdict().first, First::fin);
  EXPECT_EQ(play.verdict().first_side, kClient);
}

// ---- T2 directions are independent ---------------------------------------------------------------------------------

TEST(Termination, T2_the_answer_is_carried_after_the_client_has_half_closed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
  EXPECT_FALSE(play.discards(kUpstream));
  EXPECT_EQ(play.deadline(), Deadline::half_close);
  play >> pending(kUpstream) >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
}

TEST(Termination, T2_the_upload_is_carried_after_the_upstream_has_half_closed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_FALSE(play.discards(kClient));
  play >> pending(kClient) >> drained(kClient);
  play >> fin(kClient) << send_fin(kUpstream);
}

// ---- T4 a reset is not an end of file ------------------------------------------------------------------------------

TEST(Termination, T4_reset_is_passed_on_behind_all_bytes_and_their_acknowledgement) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::reset_flush);
  EXPECT_FALSE(play.awaits_ack(kClient)) << "bytes still wait for it";
  EXPECT_TRUE(play.impossible(acked(kClient)));
  play >> drained(kUpstream);
  EXPECT_TRUE(play.awaits_ack(kClient));
  play >> acked(kClient) << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::reset);
  EXPECT_EQ(play.verdict().end(kClient), End::passed_on);
  EXPECT_EQ(play.verdict().limit, Deadline::none);
}

TEST(Termination, T4_vanished_peer_is_a_failure_too) {
  Playbook play;
  play >> connected(kUpstream);
  play >> vanished(kClient) << close(kClient);
  play >> acked(kUpstream) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::vanished);
}

TEST(Termination, T4_reset_in_the_middle_of_the_answer_reaches_a_client_that_has_half_closed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> acked(kClient) << reset_and_close(kClient);
  EXPECT_FALSE(play.verdict().complete);
}

TEST(Termination, T4_the_flush_is_bounded) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> deadline_passes() << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().limit, Deadline::reset_flush);
  EXPECT_EQ(play.verdict().end(kClient), End::passed_on);
}

TEST(Termination, T4_the_sink_is_read_and_discarded_while_it_is_flushed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_TRUE(play.discards(kClient));
  play >> fin(kClient);
  EXPECT_EQ(play.deadline(), Deadline::reset_flush);
  play >> acked(kClient) << reset_and_close(kClient);
}

// ---- T5 a refusal is not a reset of the session --------------------------------------------------------------------

TEST(Termination, T5_answer_ahead_of_fin_and_reset_is_delivered_and_ends_with_fin) {
  Playbook play;
  play >> connected(kUpstream);
  play >> refused(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
  EXPECT_FALSE(play.discards(kUpstream)) << "what it said is the answer";
  EXPECT_TRUE(play.discards(kClient)) << "nobody takes the rest of the upload";
  play >> pending(kUpstream) >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient) << linger(kClient) << close(kUpstream);
  play >> fin(kClient);
  play >> acked(kClient) << close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::refused);
  EXPECT_EQ(play.verdict().end(kClient), End::fin);
  EXPECT_EQ(play.verdict().first, First::refused);
  EXPECT_FALSE(play.verdict().complete);
}

TEST(Termination, T5_answer_ahead_of_a_reset_is_delivered_and_ends_with_reset) {
  Playbook play;
  play >> connected(kUpstream);
  play >> refused(kUpstream) >> pending(kUpstream) >> drained(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> acked(kClient) << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::reset);
}

TEST(Termination, T5_bytes_that_wait_when_their_sender_refuses_are_kept) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> refused(kUpstream);
  EXPECT_TRUE(play.session().side(kUpstream).pending);
  play >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient) << linger(kClient) << close(kUpstream);
}

TEST(Termination, T5_client_that_dies_after_its_fin_lets_the_upstream_finish) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> refused(kClient) << close(kClient) << linger(kUpstream);
  EXPECT_TRUE(play.discards(kUpstream));
  play >> fin(kUpstream);
  play >> acked(kUpstream) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::refused);
  EXPECT_EQ(play.verdict().end(kUpstream), End::fin);
}

TEST(Termination, T5_client_that_vanishes_after_its_fin_lets_the_upstream_finish_and_is_called_vanished) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> lost(kClient) << close(kClient) << linger(kUpstream);
  EXPECT_TRUE(play.discards(kUpstream));
  play >> fin(kUpstream);
  play >> acked(kUpstream) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::vanished);
  EXPECT_EQ(play.verdict().end(kUpstream), End::fin) << "the client's flow was complete";
  EXPECT_FALSE(play.verdict().complete);
}

TEST(Termination, T5_what_a_vanished_side_had_said_is_delivered_and_ends_as_it_did) {
  Playbook play;
  play >> connected(kUpstream);
  play >> lost(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
  play >> pending(kUpstream) >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient) << linger(kClient) << close(kUpstream);
  play >> fin(kClient);
  play >> acked(kClient) << close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::vanished);
  EXPECT_EQ(play.verdict().first, First::vanished);
}

// ---- T6 lingering close --------------------------------------------------------------------------------------------

TEST(Termination, T6_uploading_client_is_read_until_its_fin_before_it_is_closed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << linger(kClient) << close(kUpstream);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_TRUE(play.discards(kClient));
  EXPECT_EQ(play.deadline(), Deadline::linger);
  play >> fin(kClient);
  play >> acked(kClient) << close(kClient);
}

TEST(Termination, T6_the_bound_of_lingering_closes_without_a_reset) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << linger(kClient) << close(kUpstream);
  play >> deadline_passes() << close(kClient);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().limit, Deadline::linger);
}

TEST(Termination, T6_with_lingering_off_it_is_closed_at_once) {
  Playbook play(false);
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << close(kClient) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::left);
}

TEST(Termination, T6_an_error_while_lingering_does_not_lengthen_it) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << linger(kClient) << close(kUpstream);
  play >> refused(kClient);
  EXPECT_EQ(play.deadline(), Deadline::linger);
  play >> reset(kClient) << close(kClient);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
}

// ---- T7 resets on purpose only -------------------------------------------------------------------------------------

TEST(Termination, T7_limit_resets_both_sides) {
  Playbook play;
  play >> connected(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::idle);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().limit, Deadline::idle);
  EXPECT_EQ(play.verdict().first, First::limit);
}

TEST(Termination, T7_an_aborting_fin_resets_its_side_and_the_other_after_the_bytes_before_it) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kClient) >> pending(kUpstream);
  play >> drained(kClient);
  play >> fin_aborts(kClient) << reset_and_close(kClient);
  play >> acked(kUpstream) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::aborted);
  EXPECT_EQ(play.verdict().end(kUpstream), End::passed_on);
  EXPECT_EQ(play.verdict().first, First::fin);
  EXPECT_EQ(play.verdict().first_side, kClient);
  EXPECT_FALSE(play.verdict().complete);
}

TEST(Termination, T7_the_last_fin_of_a_session_aborts_nothing) {
  Session session = new_session();
  session = step(session, Event::connected, kUpstream)->session;
  session = step(session, Event::fin, kUpstream)->session;
  EXPECT_FALSE(step(session, Event::fin_aborts, kClient));
}

// ---- T8 every waiting has an end -----------------------------------------------------------------------------------

TEST(Termination, T8_half_closed_session_has_its_own_limit) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::half_close);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::half_close);
  EXPECT_EQ(play.verdict().first, First::fin);
}

TEST(Termination, T8_a_fin_that_is_never_acknowledged_is_bounded_by_the_half_close_limit) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> acked(kUpstream) << close(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::half_close);
  play >> deadline_passes() << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::fin);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_FALSE(play.verdict().complete);
}

// ---- T9 memory is bounded ------------------------------------------------------------------------------------------

TEST(Termination, T9_a_source_is_not_read_while_its_bytes_wait) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  EXPECT_FALSE(play.reads(kUpstream));
  EXPECT_TRUE(play.reads(kClient)) << "the other flow is not held up (T2)";
  play >> drained(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
}

TEST(Termination, T9_bytes_for_a_side_that_refuses_are_dropped_and_its_source_is_read_on) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kClient);
  play >> refused(kUpstream);
  EXPECT_FALSE(play.session().side(kClient).pending);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_TRUE(play.discards(kClient));
}

}  // namespace
}  // namespace lastbyte::termination::test
