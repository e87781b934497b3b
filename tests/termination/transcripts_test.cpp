// The clauses of docs/contract.md, each as the session that an engineer would draw on a whiteboard.
#include <gtest/gtest.h>

#include "tests/termination/playbook.h"

namespace lastbyte::termination::test {
namespace {

constexpr Which kClient = Which::client;
constexpr Which kUpstream = Which::upstream;

// ---- T1 FIN follows data -------------------------------------------------------------------------------------------

TEST(TerminationT1, FinIsPassedOnAtOnceWhereNothingWaits) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
}

TEST(TerminationT1, FinStaysBehindBytesThatWait) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kClient);
  play >> fin(kClient);
  play >> drained(kClient) << send_fin(kUpstream);
}

TEST(TerminationT1, AWholeSessionIsCompleteOnceBothFinsAreAcknowledged) {
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

TEST(TerminationT2, TheAnswerIsCarriedAfterTheClientHasHalfClosed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
  EXPECT_FALSE(play.discards(kUpstream));
  EXPECT_EQ(play.deadline(), Deadline::half_close);
  play >> pending(kUpstream) >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
}

TEST(TerminationT2, TheUploadIsCarriedAfterTheUpstreamHasHalfClosed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_FALSE(play.discards(kClient));
  play >> pending(kClient) >> drained(kClient);
  play >> fin(kClient) << send_fin(kUpstream);
}

// ---- T3 before the upstream is connected ---------------------------------------------------------------------------

TEST(TerminationT3, EarlyBytesAndFinStayInTheKernelUntilTheUpstreamIsThere) {
  Playbook play;
  EXPECT_FALSE(play.reads(kClient));
  EXPECT_TRUE(play.impossible(fin(kClient)));
  play >> connected(kUpstream);
  EXPECT_TRUE(play.reads(kClient));
  play >> fin(kClient) << send_fin(kUpstream);
}

TEST(TerminationT3, EarlyResetCancelsTheAttempt) {
  Playbook play;
  play >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::passed_on);
}

TEST(TerminationT3, NothingIsTriedUntilTheClientHasToldWhoItIs) {
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

TEST(TerminationT3, AClientThatIsNotToBeServedIsResetAndNobodyElseHearsOfIt) {
  Playbook play(true, Greeting::awaited);
  play >> rejected(kClient) << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::rejected);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
  EXPECT_EQ(play.verdict().first, First::rejected);
}

TEST(TerminationT3, AResetAheadOfTheGreetingLeavesTheUpstreamUntried) {
  Playbook play(true, Greeting::awaited);
  play >> reset(kClient) << close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(TerminationT8, AClientThatNeverTellsWhoItIsHasItsOwnLimit) {
  Playbook play(true, Greeting::awaited);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::proxy_header);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().end(kUpstream), End::untried);
}

TEST(TerminationT3, UnreachableUpstreamResetsTheClient) {
  Playbook play;
  play >> connect_failed(kUpstream) << reset_and_close(kClient) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::passed_on);
  EXPECT_EQ(play.verdict().end(kUpstream), End::unreachable);
  EXPECT_EQ(play.verdict().first, First::unreachable);
}

TEST(TerminationT3, TheConnectLimitResetsTheClient) {
  Playbook play;
  EXPECT_EQ(play.deadline(), Deadline::connect);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::connect);
}

// ---- T4 a reset is not an end of file ------------------------------------------------------------------------------

TEST(TerminationT4, ResetIsPassedOnBehindAllBytesAndTheirAcknowledgement) {
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

TEST(TerminationT4, VanishedPeerIsAFailureToo) {
  Playbook play;
  play >> connected(kUpstream);
  play >> vanished(kClient) << close(kClient);
  play >> acked(kUpstream) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::vanished);
}

TEST(TerminationT4, ResetInTheMiddleOfTheAnswerReachesAClientThatHasHalfClosed) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> acked(kClient) << reset_and_close(kClient);
  EXPECT_FALSE(play.verdict().complete);
}

TEST(TerminationT4, TheFlushIsBounded) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> deadline_passes() << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().limit, Deadline::reset_flush);
  EXPECT_EQ(play.verdict().end(kClient), End::passed_on);
}

TEST(TerminationT4, TheSinkIsReadAndDiscardedWhileItIsFlushed) {
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

TEST(TerminationT5, AnswerAheadOfFinAndResetIsDeliveredAndEndsWithFin) {
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

TEST(TerminationT5, AnswerAheadOfAResetIsDeliveredAndEndsWithReset) {
  Playbook play;
  play >> connected(kUpstream);
  play >> refused(kUpstream) >> pending(kUpstream) >> drained(kUpstream);
  play >> reset(kUpstream) << close(kUpstream);
  play >> acked(kClient) << reset_and_close(kClient);
  EXPECT_EQ(play.verdict().end(kUpstream), End::reset);
}

TEST(TerminationT5, BytesThatWaitWhenTheirSenderRefusesAreKept) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> refused(kUpstream);
  EXPECT_TRUE(play.session().side(kUpstream).pending);
  play >> drained(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient) << linger(kClient) << close(kUpstream);
}

TEST(TerminationT5, ClientThatDiesAfterItsFinLetsTheUpstreamFinish) {
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

TEST(TerminationT5, ClientThatVanishesAfterItsFinLetsTheUpstreamFinishAndIsCalledVanished) {
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

TEST(TerminationT5, WhatAVanishedSideHadSaidIsDeliveredAndEndsAsItDid) {
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

TEST(TerminationT6, UploadingClientIsReadUntilItsFinBeforeItIsClosed) {
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

TEST(TerminationT6, TheBoundOfLingeringClosesWithoutAReset) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << linger(kClient) << close(kUpstream);
  play >> deadline_passes() << close(kClient);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().limit, Deadline::linger);
}

TEST(TerminationT6, WithLingeringOffItIsClosedAtOnce) {
  Playbook play(false);
  play >> connected(kUpstream);
  play >> fin(kUpstream) << send_fin(kClient);
  play >> refused(kUpstream) << close(kClient) << close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::left);
}

TEST(TerminationT6, AnErrorWhileLingeringDoesNotLengthenIt) {
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

TEST(TerminationT7, LimitResetsBothSides) {
  Playbook play;
  play >> connected(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::idle);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::limit);
  EXPECT_EQ(play.verdict().limit, Deadline::idle);
  EXPECT_EQ(play.verdict().first, First::limit);
}

// ---- T8 every waiting has an end -----------------------------------------------------------------------------------

TEST(TerminationT8, HalfClosedSessionHasItsOwnLimit) {
  Playbook play;
  play >> connected(kUpstream);
  play >> fin(kClient) << send_fin(kUpstream);
  EXPECT_EQ(play.deadline(), Deadline::half_close);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().limit, Deadline::half_close);
  EXPECT_EQ(play.verdict().first, First::fin);
}

TEST(TerminationT8, AFinThatIsNeverAcknowledgedIsBoundedByTheHalfCloseLimit) {
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

TEST(TerminationT9, ASourceIsNotReadWhileItsBytesWait) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  EXPECT_FALSE(play.reads(kUpstream));
  EXPECT_TRUE(play.reads(kClient)) << "the other flow is not held up (T2)";
  play >> drained(kUpstream);
  EXPECT_TRUE(play.reads(kUpstream));
}

TEST(TerminationT9, BytesForASideThatRefusesAreDroppedAndItsSourceIsReadOn) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kClient);
  play >> refused(kUpstream);
  EXPECT_FALSE(play.session().side(kClient).pending);
  EXPECT_TRUE(play.reads(kClient));
  EXPECT_TRUE(play.discards(kClient));
}

// ---- T15 stopping --------------------------------------------------------------------------------------------------

TEST(TerminationT15, AStopLetsASessionFinish) {
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

TEST(TerminationT15, TheDrainTimeEndsInResetsNeverInAFalseFin) {
  Playbook play;
  play >> connected(kUpstream) >> stop();
  play >> fin(kClient) << send_fin(kUpstream);
  play >> deadline_passes() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().end(kUpstream), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::drain);
}

TEST(TerminationT15, AbortResetsWhateverIsLeft) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> abort_all() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::none);
}

TEST(TerminationT11, AnAbandonedSessionIsResetAndIsToldAsSuch) {
  Playbook play;
  play >> connected(kUpstream) >> pending(kUpstream);
  play >> abandon() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::abandoned);
  EXPECT_EQ(play.verdict().end(kUpstream), End::abandoned);
  EXPECT_EQ(play.verdict().first, First::abandoned);
  EXPECT_EQ(play.verdict().limit, Deadline::none);
}

TEST(TerminationT11, AnAbandonedSessionTellsWhatThePeersDidBefore) {
  Playbook play;
  play >> connected(kUpstream) >> stop() >> pending(kUpstream);
  play >> reset(kClient) << close(kClient);
  play >> abandon() << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::reset);
  EXPECT_EQ(play.verdict().end(kUpstream), End::abandoned);
  EXPECT_EQ(play.verdict().first, First::stop);
}

TEST(TerminationT15, TheDrainTimeEndsAConnectTooAndIsNamed) {
  Playbook play;
  play >> stop();
  ASSERT_EQ(play.deadline(), Deadline::connect);
  play >> abort_all() << reset_and_close(kClient) << reset_and_close(kUpstream);
  EXPECT_EQ(play.verdict().end(kClient), End::stopped);
  EXPECT_EQ(play.verdict().limit, Deadline::drain);
}

}  // namespace
}  // namespace lastbyte::termination::test
