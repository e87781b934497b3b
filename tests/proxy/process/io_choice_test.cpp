#include "proxy/process/io_choice.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace lastbyte::proxy {
namespace {

using config::Io;

Result<void> fails(int error) { return failure("io_uring_setup", error); }

TEST(IoChoice, epoll_asks_nothing_of_the_kernel) {
  const auto choice = choose_io(Io::epoll);
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->ring);
  EXPECT_EQ(choice->story, "epoll");
}

TEST(IoChoice, auto_names_its_choice) {
  const auto choice = choose_io(Io::automatic, {});
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->ring);
  EXPECT_EQ(choice->story, "io-uring, chosen by io: auto");
}

TEST(IoChoice, auto_falls_back_and_tells_why) {
  const auto choice = choose_io(Io::automatic, fails(EPERM));
  ASSERT_TRUE(choice);
  EXPECT_FALSE(choice->ring);
  EXPECT_EQ(choice->story,
            "epoll, chosen by io: auto (io_uring_setup: Operation not permitted (EPERM): kernel.io_uring_disabled or a "
            "seccomp profile forbids it)");
}

TEST(IoChoice, io_uring_that_is_not_there_is_an_error) {
  for (const int error : {EPERM, ENOSYS, EINVAL, ENOMEM, EMFILE}) {
    const auto choice = choose_io(Io::io_uring, fails(error));
    ASSERT_FALSE(choice);
    EXPECT_EQ(choice.error().code, error);
    EXPECT_EQ(choice.error().operation, "io: io-uring: io_uring_setup");
    EXPECT_TRUE(choice.error().detail.ends_with("use io: auto to start without it")) << choice.error().detail;
  }
}

}  // namespace
}  // namespace lastbyte::proxy
