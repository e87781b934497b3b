#include "relay/context/send_batch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::relay {
namespace {

using termination::Which;

/// Carries out only so many, and then breaks; says what it was given.
class Breaking : public loop::Sender {
 public:
  Breaking(std::size_t before, std::vector<std::size_t>& calls) : before_(before), calls_(calls) {}
  [[nodiscard]] std::size_t least() const override { return 3; }
  std::size_t send(std::span<loop::Send> sends) override {
    calls_.push_back(sends.size());
    const auto done = sends.first(std::min(before_, sends.size()));
    for (loop::Send& each : done) each.result = ::send(each.socket, each.bytes.data(), each.bytes.size(), 0);
    before_ -= done.size();
    errno = EBADF;
    return done.size();
  }

 private:
  std::size_t before_;
  std::vector<std::size_t>& calls_;
};

struct Scene {
  explicit Scene(std::size_t before = 1000) {
    std::array<int, 2> made{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, made.data()), 0);
    ours = Descriptor(made[0]);
    theirs = Descriptor(made[1]);
    batch.use(std::make_unique<Breaking>(before, calls), [this](int error) { gone = error; });
    batch.open();
  }

  void add(std::size_t session, const std::string& text, Which source = Which::client) {
    const auto room = batch.room();
    ASSERT_GE(room.size(), text.size());
    std::memcpy(room.data(), text.data(), text.size());
    batch.add(this->session(session), source, ours.get(), room.first(text.size()));
  }
  /// The batch only compares where they are.
  Session& session(std::size_t number) { return reinterpret_cast<Session&>(sessions[number]); }
  std::string settle() {
    std::string settled;
    batch.settle([&](const SendBatch::Settled& each) {
      settled.append(reinterpret_cast<const char*>(each.bytes.data()), each.bytes.size());
      EXPECT_EQ(each.result, std::ssize(each.bytes));
    });
    return settled;
  }
  std::string received() {
    std::array<char, 4096> room{};
    const ssize_t got = ::recv(theirs.get(), room.data(), room.size(), MSG_DONTWAIT);
    return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

  Descriptor ours;
  Descriptor theirs;
  std::vector<std::size_t> calls;
  int gone = 0;
  SendBatch batch;
  std::array<std::uint64_t, 10> sessions{};
};

TEST(SendBatch, many_sends_are_one_call_and_settled_in_their_order) {
  Scene scene;
  for (std::size_t i = 0; i < 5; ++i) scene.add(i, std::to_string(i));
  EXPECT_EQ(scene.received(), "") << "nothing is sent before the end of the round";
  EXPECT_EQ(scene.settle(), "01234");
  EXPECT_EQ(scene.received(), "01234");
  EXPECT_EQ(scene.calls, std::vector<std::size_t>{5});
}

TEST(SendBatch, few_sends_are_plain_calls) {
  Scene scene;
  for (std::size_t i = 0; i < 2; ++i) scene.add(i, std::to_string(i));
  EXPECT_EQ(scene.settle(), "01");
  EXPECT_EQ(scene.received(), "01");
  EXPECT_TRUE(scene.calls.empty());
}

TEST(SendBatch, a_sender_that_breaks_loses_no_send_and_is_not_asked_again) {
  Scene scene(2);
  for (std::size_t i = 0; i < 5; ++i) scene.add(i, std::to_string(i));
  EXPECT_EQ(scene.settle(), "01234");
  EXPECT_EQ(scene.received(), "01234");
  EXPECT_EQ(scene.gone, EBADF);
  scene.batch.close();
  scene.batch.open();
  EXPECT_TRUE(scene.batch.room().empty()) << "flows write for themselves from now on";
}

TEST(SendBatch, T11_what_is_forgotten_is_not_sent_and_is_counted) {
  Scene scene;
  for (std::size_t i = 0; i < 4; ++i) scene.add(i, std::to_string(i));
  scene.add(2, "more", Which::upstream);
  EXPECT_EQ(scene.batch.forget(scene.session(2), Which::client), 1U);
  EXPECT_EQ(scene.batch.forget(scene.session(2), Which::client), 0U);
  EXPECT_EQ(scene.settle(), "013more");
  EXPECT_EQ(scene.received(), "013more");
}

TEST(SendBatch, what_is_added_while_it_is_settled_is_settled_too) {
  Scene scene;
  for (std::size_t i = 0; i < 4; ++i) scene.add(i, std::to_string(i));
  std::string settled;
  scene.batch.settle([&](const SendBatch::Settled& each) {
    settled.append(reinterpret_cast<const char*>(each.bytes.data()), each.bytes.size());
    if (settled.size() == 2) scene.add(7, "x");
  });
  EXPECT_EQ(settled, "0123x") << "and the bytes of the first were not written over";
  EXPECT_TRUE(scene.batch.empty());
}

TEST(SendBatch, T9_it_holds_no_more_than_one_arena) {
  Scene scene;
  std::size_t added = 0;
  for (; !scene.batch.room().empty() && added < 10'000; ++added) scene.add(0, std::string(4096, 'x'));
  EXPECT_LT(added, 64U);
  Scene small;
  for (added = 0; !small.batch.room().empty() && added < 10'000; ++added) small.add(0, "x");
  EXPECT_EQ(added, loop::Sender::kMost);
}

TEST(SendBatch, without_a_sender_it_has_no_room) {
  SendBatch batch;
  batch.open();
  EXPECT_TRUE(batch.room().empty());
}

}  // namespace
}  // namespace lastbyte::relay
