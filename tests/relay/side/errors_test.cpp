// T10: what the end of an input is, from what the kernel said first.
#include "relay/side/errors.h"

#include <gtest/gtest.h>

namespace lastbyte::relay {
namespace {

using termination::Event;

TEST(InputEnd, zero_with_nothing_latched_is_a_fin) { EXPECT_EQ(event_of_input_end(0, 0, false), Event::fin); }

TEST(InputEnd, T10_zero_after_a_latched_reset_is_no_fin) {
  EXPECT_EQ(event_of_input_end(0, ECONNRESET, false), Event::reset);
  EXPECT_EQ(event_of_input_end(0, ETIMEDOUT, false), Event::vanished);
}

// splice(2) swallows the errno of a write that had moved something, and the next one says EPIPE, FIN or not.
TEST(InputEnd, epipe_alone_is_no_fin) {
  EXPECT_EQ(event_of_input_end(0, EPIPE, false), Event::reset);
  EXPECT_EQ(event_of_input_end(0, EPIPE, true), Event::fin);
}

TEST(InputEnd, a_fin_that_came_stays_a_fin_whatever_came_after_it) {
  EXPECT_EQ(event_of_input_end(0, ECONNRESET, true), Event::fin);
  EXPECT_EQ(event_of_input_end(0, ETIMEDOUT, true), Event::fin);
}

TEST(InputEnd, a_read_that_fails_is_never_a_fin) {
  for (const int error : {ECONNRESET, EPIPE, ECONNREFUSED, ENOMEM}) {
    EXPECT_EQ(event_of_input_end(-1, error, false), Event::reset) << error;
    EXPECT_EQ(event_of_input_end(-1, error, true), Event::reset) << error;
  }
  for (const int error : {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ENONET}) {
    EXPECT_EQ(event_of_input_end(-1, error, false), Event::vanished) << error;
  }
}

TEST(WriteFailure, T8_whoever_vanished_has_not_refused) {
  for (const int error : {EPIPE, ECONNRESET}) EXPECT_EQ(event_of_write_failure(error), Event::refused) << error;
  for (const int error : {ETIMEDOUT, EHOSTUNREACH, ENETDOWN}) {
    EXPECT_EQ(event_of_write_failure(error), Event::lost) << error;
  }
}

TEST(Report, a_reset_may_have_bytes_before_it_where_the_input_is_open) {
  EXPECT_EQ(event_of_report(ECONNRESET, true), Event::broke);
  EXPECT_EQ(event_of_report(ECONNRESET, false), Event::refused);
  EXPECT_EQ(event_of_report(EPIPE, true), Event::refused) << "a FIN came before the reset";
}

TEST(Report, T8_whoever_vanished_has_not_reset_anything) {
  EXPECT_EQ(event_of_report(ETIMEDOUT, true), Event::lost);
  EXPECT_EQ(event_of_report(ETIMEDOUT, false), Event::lost);
}

}  // namespace
}  // namespace lastbyte::relay
