// Questions and orders about many sessions of datagrams: each is met once, in slices.
#include "relay/worker/inquiries.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;
using std::chrono::seconds;

/// More than any slice, and than any bound that there once was.
constexpr std::uint64_t kMany = 5000;

class ManyDatagramSessions : public testing::Test {
 protected:
  void SetUp() override {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * kMany) GTEST_SKIP() << "the limit on descriptors is " << limit.rlim_cur;
    stage_ = std::make_unique<Stage>(Transport::udp, Transport::udp, [this](Forwarding& forwarding, Shared& shared) {
      forwarding.limits.datagram_idle = seconds(100);
      forwarding.max_sessions_per_client = std::nullopt;
      shared.max_sessions = 2 * kMany;
      shared.record_ring_capacity = 2 * kMany;
      shared.records.set_progress(false, every_);
    });
    for (std::uint64_t each = 0; each < kMany; ++each) {
      say_something_new();
      // No more than the queue of the listening socket holds.
      if (each % 64 != 0) continue;
      ASSERT_TRUE(eventually([&] { return stage_->count(Count::accepted) == each + 1; }));
    }
    ASSERT_TRUE(eventually([&] { return stage_->count(Count::open) == kMany; })) << stage_->count(Count::open);
  }

  /// From a socket of its own, which nobody needs afterwards.
  void say_something_new() {
    const Descriptor client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // The kernel gives a port again that is free, and the client would be a known one.
    const net::Address own =
        *net::Address::parse("127.1." + std::to_string(clients_ / 250) + "." + std::to_string(1 + clients_ % 250), 0);
    ++clients_;
    ASSERT_EQ(::bind(client.get(), own.data(), own.size()), 0);
    ASSERT_EQ(::connect(client.get(), stage_->at().data(), stage_->at().size()), 0);
    ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
  }

  std::uint64_t clients_ = 0;
  Duration every_{0};
  std::unique_ptr<Stage> stage_;
};

class ManyWithProgress : public ManyDatagramSessions {
 protected:
  ManyWithProgress() { every_ = Duration(1000); }
};

TEST_F(ManyDatagramSessions, are_all_seen_once_by_a_look_in_slices_while_others_begin_and_talk) {
  std::map<std::uint64_t, int> seen;
  std::atomic<bool> done{false};
  // The worker reads its mail once a round.
  std::size_t in_this_round = 0;
  std::size_t most = 0;
  std::function<void()> next_round = [&] {
    most = std::max(most, in_this_round);
    in_this_round = 0;
    if (!done) stage_->worker().post(next_round);
  };
  auto look = std::make_shared<Look>();
  look->visit = [&](const SessionView& view) {
    EXPECT_TRUE(view.datagrams);
    ++seen[view.id];
    ++in_this_round;
  };
  look->done = [&] { done = true; };
  stage_->worker().post(next_round);
  stage_->worker().look(look);
  while (!done && clients_ < 2 * kMany) say_something_new();
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  stage_->wait_for_worker();
  std::uint64_t first = 0;
  for (std::uint64_t id = 1; id <= kMany; ++id) first += seen[id] == 1 ? 1U : 0U;
  EXPECT_EQ(first, kMany);
  EXPECT_LE(most, 2 * 128U) << "in slices";
}

TEST_F(ManyDatagramSessions, after_a_number_are_those_that_began_later) {
  std::vector<std::uint64_t> seen;
  std::atomic<bool> done{false};
  auto look = std::make_shared<Look>();
  look->after = kMany - 3;
  look->visit = [&](const SessionView& view) { seen.push_back(view.id); };
  look->done = [&] { done = true; };
  stage_->worker().look(look);
  ASSERT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{kMany - 2, kMany - 1, kMany}));
}

TEST_F(ManyDatagramSessions, are_all_ended_by_an_order_and_a_look_meanwhile_comes_to_its_end) {
  std::atomic<std::size_t> ended{0};
  std::atomic<bool> looked{false};
  auto look = std::make_shared<Look>();
  look->visit = [](const SessionView&) {};
  look->done = [&] { looked = true; };
  auto order = std::make_shared<EndOrder>();
  order->done = [&](std::size_t sessions) { ended = sessions; };
  stage_->worker().look(look);
  stage_->worker().end(order);
  EXPECT_TRUE(eventually([&] { return ended == kMany && looked; })) << ended;
  EXPECT_EQ(stage_->count(Count::open), 0U);
}

TEST_F(ManyWithProgress, have_a_record_each_while_they_go_on) {
  std::set<std::uint64_t> told;
  EXPECT_TRUE(eventually([&] {
    for (const Record& record : stage_->records())
      if (record.progress() != nullptr && !record.progress()->began) told.insert(record.id);
    return told.size() == kMany;
  })) << told.size();
}

}  // namespace
}  // namespace lastbyte::relay
