#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace lastbyte {
namespace {

TEST(ErrnoName, IsTheSymbol) {
  EXPECT_EQ(errno_name(ECONNRESET), "ECONNRESET");
  EXPECT_EQ(errno_name(ETIMEDOUT), "ETIMEDOUT");
}

TEST(ErrnoName, OfNoErrorIsEmpty) { EXPECT_EQ(errno_name(0), ""); }

TEST(ErrnoName, OfWhatTheLibraryDoesNotKnowIsTheNumber) {
  EXPECT_EQ(errno_name(99999), "E?99999");
  EXPECT_EQ(errno_name(-1), "E?-1");
}

TEST(Error, TextTellsWhatWasTriedWhatTheKernelSaidAndWhatToDo) {
  const Error error{.operation = "bind tcp:127.0.0.1:80", .code = EACCES, .detail = "ports below 1024 need privileges"};
  EXPECT_EQ(error.text(), "bind tcp:127.0.0.1:80: Permission denied (EACCES): ports below 1024 need privileges");
}

TEST(Error, TextWithoutAnErrnoHasNone) {
  const Error error{.operation = "resolve db.example", .detail = "no address"};
  EXPECT_EQ(error.text(), "resolve db.example: no address");
}

TEST(Error, TextWithoutDetailEndsWithTheErrno) {
  const Error error{.operation = "accept", .code = EMFILE};
  EXPECT_EQ(error.text(), "accept: Too many open files (EMFILE)");
}

TEST(Error, TextOfAnUnknownErrnoIsStillText) {
  const Error error{.operation = "accept", .code = 99999};
  EXPECT_EQ(error.text(), "accept: unknown error (E?99999)");
}

TEST(Failure, TakesTheErrnoOfThisInstant) {
  errno = ENOENT;
  const Result<int> result = failure_from_errno("open file");
  errno = 0;
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().operation, "open file");
  EXPECT_EQ(result.error().code, ENOENT);
  EXPECT_EQ(result.error().detail, "");
}

TEST(Failure, TakesAGivenErrnoAndAWordForTheOperator) {
  errno = ENOENT;
  const Result<void> result = failure("connect", ECONNREFUSED, "is it running?");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ECONNREFUSED);
  EXPECT_EQ(result.error().detail, "is it running?");
}

}  // namespace
}  // namespace lastbyte
