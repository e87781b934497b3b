#include "net/unix/stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <span>
#include <string>

#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

std::vector<Descriptor> some_descriptors(std::size_t count) {
  std::vector<Descriptor> all;
  for (std::size_t index = 0; index < count; ++index) all.emplace_back(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  return all;
}

void send_with(const Descriptor& socket, std::string_view bytes, std::size_t descriptors) {
  EXPECT_EQ(send_with_descriptors(socket.get(), std::as_bytes(std::span(bytes)), some_descriptors(descriptors)),
            static_cast<ssize_t>(bytes.size()));
}

/// "4" for four bytes without descriptors, "4+" with, "0", "EAGAIN".
std::string ahead(const Descriptor& socket) {
  const Ahead ahead = look_ahead(socket.get());
  return outcome(ahead.bytes) + (ahead.descriptors ? "+" : "");
}

struct Received {
  std::string bytes;
  std::size_t descriptors = 0;
  bool lost_some = false;
};

Received receive_all_of_it(const Descriptor& socket, std::size_t most = 65536) {
  std::string room(most, '\0');
  const auto got = receive_with_descriptors(socket.get(), std::as_writable_bytes(std::span(room)));
  for (const Descriptor& each : got.descriptors) EXPECT_EQ(::fcntl(each.get(), F_GETFD), FD_CLOEXEC);
  return {room.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got.bytes, 0))), got.descriptors.size(),
          got.lost_some};
}

TEST(LookAhead, T14_finds_the_byte_that_descriptors_come_with) {
  for (const std::size_t before : {1U, 2U, 3U, 1000U, 40'000U, 65'000U}) {
    const Pair pair = unix_pair();
    ASSERT_TRUE(send_all(pair.client, std::string(before, 'a')));
    send_with(pair.client, "bb", 1);
    ASSERT_TRUE(send_all(pair.client, "ccc"));
    EXPECT_EQ(ahead(pair.server), std::to_string(before));
    EXPECT_EQ(receive_all_of_it(pair.server, before).descriptors, 0U);
    EXPECT_EQ(ahead(pair.server), "2+");
    const Received with = receive_all_of_it(pair.server);
    EXPECT_EQ(with.bytes, "bb");
    EXPECT_EQ(with.descriptors, 1U);
    EXPECT_EQ(ahead(pair.server), "3");
  }
}

TEST(LookAhead, tells_each_of_several_messages_with_descriptors) {
  const Pair pair = unix_pair();
  send_with(pair.client, "a", 1);
  send_with(pair.client, "b", 2);
  EXPECT_EQ(ahead(pair.server), "1+");
  EXPECT_EQ(receive_all_of_it(pair.server).descriptors, 1U);
  EXPECT_EQ(ahead(pair.server), "1+");
  EXPECT_EQ(receive_all_of_it(pair.server).descriptors, 2U);
  EXPECT_EQ(ahead(pair.server), "EAGAIN");
}

TEST(LookAhead, T14_does_not_see_what_is_far_behind) {
  const Pair pair = unix_pair();
  for (int packet = 0; packet < 4; ++packet) ASSERT_TRUE(send_all(pair.client, std::string(20'000, 'a')));
  send_with(pair.client, "bb", 1);
  EXPECT_EQ(ahead(pair.server), "60000") << "of whole packets, what lies within 64 KiB";
  EXPECT_EQ(receive_all_of_it(pair.server, 60'000).descriptors, 0U);
  EXPECT_EQ(ahead(pair.server), "20000");
}

TEST(LookAhead, T14_part_of_a_message_is_read_and_the_rest_has_no_descriptors_any_more) {
  const Pair pair = unix_pair();
  send_with(pair.client, "abcdef", 1);
  EXPECT_EQ(receive_all_of_it(pair.server, 2).descriptors, 1U);
  EXPECT_EQ(ahead(pair.server), "4");
}

TEST(LookAhead, T14_a_packet_larger_than_the_look_has_none) {
  const Pair pair = unix_pair();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
  const Descriptor out(ends[0]);
  const Descriptor in(ends[1]);
  ASSERT_GE(::fcntl(in.get(), F_SETPIPE_SZ, 1 << 20), 0);
  const std::string bytes(200'000, 'x');
  ASSERT_EQ(::write(in.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ASSERT_GT(::splice(out.get(), nullptr, pair.client.get(), nullptr, bytes.size(), SPLICE_F_NONBLOCK), 60'000);
  const Ahead seen = look_ahead(pair.server.get());
  EXPECT_GT(seen.bytes, 30'000);
  EXPECT_FALSE(seen.descriptors);
}

TEST(LookAhead, sees_endings_as_a_read_does) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "x"));
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(ahead(pair.server), "1");
  EXPECT_EQ(receive(pair.server, 1), "1");
  EXPECT_EQ(ahead(pair.server), "0");
  ASSERT_TRUE(send_all(pair.server, "unread"));
  pair.client.close();
  EXPECT_EQ(ahead(pair.server), "ECONNRESET");
}

TEST(Descriptors, T14_as_many_as_the_kernel_allows_go_in_one_message) {
  const Pair pair = unix_pair();
  send_with(pair.client, "x", kMostDescriptors);
  const Received got = receive_all_of_it(pair.server);
  EXPECT_EQ(got.descriptors, kMostDescriptors);
  EXPECT_FALSE(got.lost_some);
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator()));
}

TEST(Descriptors, T14_those_that_do_not_fit_into_the_process_are_told_and_none_is_left_over) {
  const Pair pair = unix_pair();
  send_with(pair.client, "x", 10);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const Descriptor next(::dup(STDERR_FILENO));
  const std::size_t open_before = open_descriptors();
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(next.get()) + 4, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  const Received got = receive_all_of_it(pair.server);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(got.lost_some);
  EXPECT_LT(got.descriptors, 10U);
  EXPECT_EQ(got.bytes, "x");
  EXPECT_EQ(open_descriptors(), open_before);
}

TEST(PeerCredentials, T14_tell_who_is_there) {
  const Pair pair = unix_pair();
  const auto peer = peer_credentials(pair.client.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(*peer, (PeerCredentials{::getpid(), ::getuid(), ::getgid()}));
  EXPECT_FALSE(peer_credentials(-1));
}

TEST(ConnectUnix, says_at_once_that_nobody_listens) {
  const auto absent = connect_unix(*Address::unix_name("/nowhere/at/all"), {});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ENOENT);
  EXPECT_EQ(absent.error().operation, "connect unix:/nowhere/at/all");
}

}  // namespace
}  // namespace lastbyte::net::test
