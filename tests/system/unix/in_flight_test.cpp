// T12, T14: descriptors that an upstream does not receive use nobody else's share (net/unix/scm.c too_many_unix_fds).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "net/unix/stream.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

/// The daemon's user. The kernel counts a user's descriptors together, so no other process runs as this one.
constexpr uid_t kDaemon = 61'833;
constexpr uid_t kHostile = 61'834;
constexpr uid_t kInnocent = 61'835;
constexpr rlim_t kLimit = 10'000;

/// Sends many messages of one byte, each with as many descriptors as a message may have.
class Messages {
 public:
  explicit Messages(std::size_t descriptors) {
    for (std::size_t i = 0; i < descriptors; ++i) files_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  /// Sends until the socket takes no more, at most `most`. Returns the number of messages.
  [[nodiscard]] std::size_t send(const Descriptor& socket, std::size_t most) const {
    const timeval soon{.tv_sec = 0, .tv_usec = 50'000};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    const std::string_view byte = "x";
    std::size_t sent = 0;
    while (sent < most && net::send_with_descriptors(socket.get(), std::as_bytes(std::span(byte)), files_) == 1) ++sent;
    return sent;
  }

 private:
  std::vector<Descriptor> files_;
};

/// Returns the number of descriptors with the next byte; nullopt: no byte comes.
std::optional<std::size_t> descriptors_of_next_byte(const Descriptor& socket) {
  std::byte byte{};
  const auto got = net::receive_with_descriptors(socket.get(), std::span(&byte, 1));
  if (got.bytes != 1) return std::nullopt;
  return got.descriptors.size();
}

class DescriptorsInFlight : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can switch users";
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
    ASSERT_EQ(::chmod(server_.address.unix_name().c_str(), 0666), 0);
    proxy_.emplace(server_.address, Proxy::Options{.flags = {"--user", std::to_string(kDaemon), "--group",
                                                             std::to_string(kDaemon), "--client-unix-mode", "0666"},
                                                   .listen = "unix:" + directory_.file("proxy.sock"),
                                                   .descriptors = kLimit});
  }
  struct Session {
    Descriptor client;
    Descriptor upstream;
  };
  /// Opens a session for a client of that user: the kernel takes the user from the connecting thread.
  Session session_of(uid_t user) {
    ::syscall(SYS_setresuid, -1, user, -1);
    Descriptor client = connect_to(proxy_->address());
    ::syscall(SYS_setresuid, -1, 0, -1);
    return {std::move(client), server_.accept()};
  }

  TemporaryDirectory directory_;
  UnixServer server_{directory_};
  std::optional<Proxy> proxy_;
};

TEST_F(DescriptorsInFlight, T12_of_a_hostile_client_delay_nobody_and_arrive_once_they_are_received) {
  const Messages large(net::kMostDescriptors);
  std::vector<Session> hostile;
  std::vector<std::size_t> sent;
  // The descriptors that lastbyte reads for one session would bring the user to the kernel's limit.
  for (int i = 0; i < 4; ++i) {
    hostile.push_back(session_of(kHostile));
    sent.push_back(large.send(hostile.back().client, 2 * kLimit / net::kMostDescriptors));
  }
  const Messages small(1);
  for (const uid_t user : {kInnocent, kHostile}) {
    const Session innocent = session_of(user);
    for (int round = 0; round < 20; ++round) {
      ASSERT_EQ(small.send(innocent.client, 1), 1U);
      ASSERT_EQ(descriptors_of_next_byte(innocent.upstream), 1U) << "user " << user << ", round " << round;
      ASSERT_EQ(small.send(innocent.upstream, 1), 1U);
      ASSERT_EQ(descriptors_of_next_byte(innocent.client), 1U) << "user " << user << ", round " << round;
    }
  }
  for (std::size_t i = 0; i < hostile.size(); ++i) {
    EXPECT_GT(sent[i], 0U);
    for (std::size_t message = 0; message < sent[i]; ++message)
      ASSERT_EQ(descriptors_of_next_byte(hostile[i].upstream), net::kMostDescriptors) << i << ", " << message;
    ::shutdown(hostile[i].client.get(), SHUT_WR);
    ::shutdown(hostile[i].upstream.get(), SHUT_WR);
    EXPECT_EQ(read_to_end(hostile[i].upstream).end, "fin");
  }
  hostile.clear();
  for (const Record& record : proxy_->records(6)) EXPECT_TRUE(record.complete) << record.line;
}

/// The kernel still counts the descriptors in their upstreams' queues.
TEST_F(DescriptorsInFlight, T12_of_ended_sessions_still_count) {
  const Messages large(net::kMostDescriptors);
  std::vector<Descriptor> upstreams;
  for (int i = 0; i < 60; ++i) {
    Session hostile = session_of(kHostile);
    (void)large.send(hostile.client, 1);
    upstreams.push_back(std::move(hostile.upstream));
    ::shutdown(upstreams.back().get(), SHUT_WR);
    ::shutdown(hostile.client.get(), SHUT_WR);
  }
  const Session innocent = session_of(kInnocent);
  const Messages small(1);
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(small.send(innocent.client, 1), 1U);
    ASSERT_EQ(descriptors_of_next_byte(innocent.upstream), 1U) << "round " << round;
  }
  std::uint64_t passed = 0;
  for (const Descriptor& upstream : upstreams) {
    std::size_t waiting = 0;
    if (::recv(upstream.get(), &waiting, 1, MSG_PEEK | MSG_DONTWAIT) == 1) ++passed;
  }
  EXPECT_LE(passed * net::kMostDescriptors, kLimit / 2);
  proxy_->abandon();
}

}  // namespace
}  // namespace lastbyte::system_test
