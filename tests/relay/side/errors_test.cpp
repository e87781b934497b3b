// T10: what the end of an input is, from what the kernel said first.
#include "relay/side/errors.h"

#include <gtest/gtest.h>

namespace lastbyte::relay {
namespace {

using termination::Event;

TEST(InputEnd, ZeroWithNothingLatchedIsAFin) { EXPECT_EQ(event_of_input_end(0, 0, false), Event::fin); }

TEST(InputEnd, T10ZeroAfterALatchedResetIsNoFin) {
  EXPECT_EQ(event_of_input_end(0, ECONNRESET, false), Event::reset);
  EXPECT_EQ(event_of_input_end(0, ETIMEDOUT, false), Event::vanished);
}

// splice(2) swallows the errno of a write that had moved something, and the next one says EPIPE, FIN or not.
TEST(InputEnd, EpipeAloneIsNoFin) {
  EXPECT_EQ(event_of_input_end(0, EPIPE, false), Event::reset);
  EXPECT_EQ(event_of_input_end(0, EPIPE, true), Event::fin);
}

TEST(InputEnd, AFinThatCameStaysAFinWhateverCameAfterIt) {
  EXPECT_EQ(event_of_input_end(0, ECONNRESET, true), Event::fin);
  EXPECT_EQ(event_of_input_end(0, ETIMEDOUT, true), Event::fin);
}

TEST(InputEnd, AReadThatFailsIsNeverAFin) {
  for (const int error : {ECONNRESET, EPIPE, ECONNREFUSED, ENOMEM}) {
    EXPECT_EQ(event_of_input_end(-1, error, false), Event::reset) << error;
    EXPECT_EQ(event_of_input_end(-1, error, true), Event::reset) << error;
  }
  for (const int error : {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ENONET}) {
    EXPECT_EQ(event_of_input_end(-1, error, false), Event::vanished) << error;
  }
}

TEST(WriteFailure, T8WhoeverVanishedHasNotRefused) {
  for (const int error : {EPIPE, ECONNRESET}) EXPECT_EQ(event_of_write_failure(error), Event::refused) << error;
  for (const int error : {ETIMEDOUT, EHOSTUNREACH, ENETDOWN}) {
    EXPECT_EQ(event_of_write_failure(error), Event::lost) << error;
  }
}

TEST(Report, AResetMayHaveBytesBeforeItWhereTheInputIsOpen) {
  EXPECT_EQ(event_of_report(ECONNRESET, true), Event::broke);
  EXPECT_EQ(event_of_report(ECONNRESET, false), Event::refused);
  EXPECT_EQ(event_of_report(EPIPE, true), Event::refused) << "a FIN came before the reset";
}

TEST(Report, T8WhoeverVanishedHasNotResetAnything) {
  EXPECT_EQ(event_of_report(ETIMEDOUT, true), Event::lost);
  EXPECT_EQ(event_of_report(ETIMEDOUT, false), Event::lost);
}

}  // namespace
}  // namespace lastbyte::relay
