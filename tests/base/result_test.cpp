#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace lastbyte {
namespace {

TEST(ErrnoName, is_the_symbol) {
  EXPECT_EQ(errno_name(ECONNRESET), "ECONNRESET");
  EXPECT_EQ(errno_name(ETIMEDOUT), "ETIMEDOUT");
}

TEST(ErrnoName, of_no_error_is_empty) { EXPECT_EQ(errno_name(0), ""); }

TEST(ErrnoName, of_what_the_library_does_not_know_is_the_number) {
  EXPECT_EQ(errno_name(99999), "E?99999");
  EXPECT_EQ(errno_name(-1), "E?-1");
}

TEST(Error, text_tells_what_was_tried_what_the_kernel_said_and_what_to_do) {
  const Error error{.operation = "bind tcp:127.0.0.1:80", .code = EACCES, .detail = "ports below 1024 need privileges"};
  EXPECT_EQ(error.text(), "bind tcp:127.0.0.1:80: Permission denied (EACCES): ports below 1024 need privileges");
}

TEST(Error, text_without_an_errno_has_none) {
  const Error error{.operation = "resolve db.example", .detail = "no address"};
  EXPECT_EQ(error.text(), "resolve db.example: no address");
}

TEST(Error, text_without_detail_ends_with_the_errno) {
  const Error error{.operation = "accept", .code = EMFILE};
  EXPECT_EQ(error.text(), "accept: Too many open files (EMFILE)");
}

TEST(Error, text_of_an_unknown_errno_is_still_text) {
  const Error error{.operation = "accept", .code = 99999};
  EXPECT_EQ(error.text(), "accept: unknown error (E?99999)");
}

TEST(Failure, takes_the_errno_of_this_instant) {
  errno = ENOENT;
  const Result<int> result = failure_from_errno("open file");
  errno = 0;
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().operation, "open file");
  EXPECT_EQ(result.error().code, ENOENT);
  EXPECT_EQ(result.error().detail, "");
}

TEST(Failure, takes_a_given_errno_and_a_word_for_the_operator) {
  errno = ENOENT;
  const Result<void> result = failure("connect", ECONNREFUSED, "is it running?");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ECONNREFUSED);
  EXPECT_EQ(result.error().detail, "is it running?");
}

}  // namespace
}  // namespace lastbyte
