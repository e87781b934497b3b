#include "loop/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>
#include <vector>

namespace lastbyte::loop {
namespace {

bool readable(int fd, int timeout_ms) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, timeout_ms) == 1;
}

TEST(Mailbox, mail_from_many_threads_is_carried_out_once_by_the_reader) {
  auto mailbox = Mailbox::create();
  ASSERT_TRUE(mailbox);
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  int carried_out = 0;  // touched by this thread only: that is what is tested (ThreadSanitizer sees it otherwise)
  {
    std::vector<std::jthread> senders;
    for (int thread = 0; thread < kThreads; ++thread) {
      senders.emplace_back([&] {
        for (int each = 0; each < kEach; ++each) (*mailbox)->post([&] { ++carried_out; });
      });
    }
    while (carried_out < kThreads * kEach) {
      ASSERT_TRUE(readable((*mailbox)->fd(), 10'000));
      (*mailbox)->carry_out();
    }
  }
  EXPECT_EQ(carried_out, kThreads * kEach);
}

TEST(Mailbox, is_not_readable_when_empty) {
  auto mailbox = Mailbox::create();
  ASSERT_TRUE(mailbox);
  EXPECT_FALSE(readable((*mailbox)->fd(), 0));
  (*mailbox)->post([] {});
  EXPECT_TRUE(readable((*mailbox)->fd(), 0));
  (*mailbox)->carry_out();
  EXPECT_FALSE(readable((*mailbox)->fd(), 0));
}

TEST(Mailbox, a_message_may_post_another) {
  auto mailbox = Mailbox::create();
  ASSERT_TRUE(mailbox);
  bool second = false;
  (*mailbox)->post([&] { (*mailbox)->post([&] { second = true; }); });
  (*mailbox)->carry_out();
  EXPECT_FALSE(second);
  EXPECT_TRUE(readable((*mailbox)->fd(), 0));
  (*mailbox)->carry_out();
  EXPECT_TRUE(second);
}

}  // namespace
}  // namespace lastbyte::loop
