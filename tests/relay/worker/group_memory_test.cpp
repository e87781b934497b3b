// Want of memory in sessions of groups (T12): each allocation fails once. The worker lives on, and no place is lost.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/relay/worker/failing_memory.h"
#include "tests/relay/worker/group_stage.h"

namespace lastbyte::relay::group_test {
namespace {

class GroupMemory : public GroupStage {};

/// The first address is silent, the member after it refuses, the third one resets, and the last one answers: every part
/// that a group brings is in it.
TEST_F(GroupMemory, T12_every_allocation_fails_once_and_no_place_is_lost) {
  Port refuses;
  Port resets;
  Port serves;
  resets.listen();
  serves.listen();
  Look look({{refuses.at}, {resets.at}, {serves.at}});
  look.limit(2, 5);
  look.group.queue.length = 5;
  start(look, [](Forwarding& forwarding, Shared& shared) {
    try_often(forwarding, shared);
    forwarding.retry->on_reset = true;
    forwarding.retry->replay = 1000;
    forwarding.retry->budget_percent = 100;
  });
  std::atomic<bool> over = false;
  std::thread resetting([&] {
    while (!over) {
      Descriptor server(::accept4(resets.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (server) reset(server);
    }
  });
  std::thread serving([&] {
    while (!over) {
      Descriptor server(::accept4(serves.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!server) continue;
      set_patience(server.get());
      std::string got(8, '\0');
      if (::recv(server.get(), got.data(), got.size(), MSG_WAITALL) == 8)
        ::send(server.get(), "answer", 6, MSG_NOSIGNAL);
    }
  });
  bool failed = true;
  int answered = 0;
  std::uint64_t number = 0;
  for (; failed && number < 300; ++number) {
    SCOPED_TRACE("allocation " + std::to_string(number));
    test::run_out_of_memory(number, test::Shortage::once);
    Descriptor client = stage_->connect();
    ::send(client.get(), "question", 8, MSG_NOSIGNAL);
    answered += static_cast<int>(hear(client, 6) == "answer");
    client.close();
    ASSERT_TRUE(eventually([&] { return stage_->count(Count::open) == 0; }));
    failed = test::plenty();
    for (std::size_t member = 0; member < 3; ++member) ASSERT_EQ(look.figures(member).sessions, 0U) << member;
    stage_->records();
  }
  EXPECT_GT(number, 10U);
  EXPECT_LT(number, 300U);
  EXPECT_GT(answered, 0);
  over = true;
  ::shutdown(resets.socket.get(), SHUT_RDWR);
  ::shutdown(serves.socket.get(), SHUT_RDWR);
  resetting.join();
  serving.join();
}

}  // namespace
}  // namespace lastbyte::relay::group_test
