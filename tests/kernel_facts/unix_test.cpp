// How UNIX stream sockets differ from TCP's in Linux, and facts about a connected UDP socket (T14).
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "net/socket/calls.h"
#include "net/unix/stream.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

/// Listens on an abstract name that the kernel chooses (unix(7), autobind).
struct Abstract {
  explicit Abstract(int backlog) : socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sa_family_t family = AF_UNIX;
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&family), sizeof family), 0);
    EXPECT_EQ(::listen(socket.get(), backlog), 0);
    address = local_address(socket.get());
  }
  Descriptor socket;
  Address address;
};

std::string connect_outcome(const Descriptor& socket, const Address& to) {
  return ::connect(socket.get(), to.data(), to.size()) == 0 ? "connected" : errno_name(errno);
}

void send_with(const Descriptor& socket, std::string_view bytes, int descriptor) {
  std::vector<Descriptor> descriptors;
  descriptors.emplace_back(::dup(descriptor));
  EXPECT_EQ(send_with_descriptors(socket.get(), std::as_bytes(std::span(bytes)), descriptors),
            static_cast<ssize_t>(bytes.size()));
}

/// Calls recvmsg() without room for descriptors. Returns the bytes, and "+" if the kernel reports descriptors.
std::string receive_plainly(const Descriptor& socket, std::size_t most, int flags = 0) {
  std::string bytes(most, '\0');
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  const ssize_t got = ::recvmsg(socket.get(), &message, flags | MSG_DONTWAIT);
  if (got < 0) return errno_name(errno);
  return bytes.substr(0, static_cast<std::size_t>(got)) + ((message.msg_flags & MSG_CTRUNC) != 0 ? "+" : "");
}

TEST(KernelFact, a_unix_reset_is_told_ahead_of_a_fin_that_nobody_has_read) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "unread"));
  ASSERT_TRUE(send_all(pair.server, "answer"));
  ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
  pair.server.close();
  EXPECT_EQ(receive(pair.client, 3), "6 ECONNRESET 0") << "with TCP: 6 0 0";
}

TEST(KernelFact, a_unix_write_after_a_reset_is_epipe_and_leaves_the_error_for_a_read) {
  Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "unread"));
  ASSERT_TRUE(send_all(pair.server, "answer"));
  pair.server.close();
  EXPECT_EQ(send_one(pair.client), "EPIPE");
  EXPECT_EQ(receive(pair.client, 3), "6 ECONNRESET 0");
}

TEST(KernelFact, what_a_unix_send_took_survives_the_close_of_its_sender) {
  Pair pair = unix_pair();
  const std::size_t sent = fill(pair.server);
  ASSERT_TRUE(send_all(pair.client, "unread, so that it is a reset"));
  pair.server.close();
  const Drained drained = drain(pair.client);
  EXPECT_EQ(drained.bytes, sent);
  EXPECT_EQ(drained.error, "ECONNRESET");
}

TEST(KernelFact, siocoutq_of_a_unix_socket_tells_of_what_the_peer_has_not_read) {
  const Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "x"));
  EXPECT_GT(unacknowledged(pair.client.get()), 1U) << "memory, not bytes";
  EXPECT_EQ(receive(pair.server, 1), "1");
  EXPECT_EQ(unacknowledged(pair.client.get()), 0U);
}

TEST(KernelFact, so_linger_does_not_reset_a_unix_peer) {
  Pair pair = unix_pair();
  reset_and_close(pair.server);
  EXPECT_EQ(receive(pair.client, 2), "0 0");
}

TEST(KernelFact, a_unix_connect_to_a_full_backlog_is_eagain_and_no_readiness_tells_of_room) {
  const Abstract listening(0);
  const Descriptor first(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect_outcome(first, listening.address), "connected");
  const Descriptor second(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect_outcome(second, listening.address), "EAGAIN");
  EXPECT_TRUE(events_now(second.get(), POLLOUT) & POLLOUT) << "it says that it is writable, connected or not";
}

TEST(KernelFact, a_datagram_connect_tells_whether_a_unix_path_belongs_to_somebody_without_disturbing_them) {
  std::string directory = "/tmp/lastbyte-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const Address address = *Address::unix_name(directory + "/socket");
  const auto probe = [&] {
    return connect_outcome(Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), address);
  };
  Descriptor bound(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(bound.get(), address.data(), address.size()), 0);
  EXPECT_EQ(probe(), "EPROTOTYPE") << "although it does not listen yet";
  ASSERT_EQ(::listen(bound.get(), 1), 0);
  EXPECT_EQ(probe(), "EPROTOTYPE");
  EXPECT_EQ(events_now(bound.get(), POLLIN), 0) << "nobody came";
  bound.close();
  EXPECT_EQ(probe(), "ECONNREFUSED");
  ::unlink(address.unix_name().c_str());
  ::rmdir(directory.c_str());
}

TEST(KernelFact, a_unix_socket_is_bound_with_the_mode_of_its_descriptor) {
  std::string directory = "/tmp/lastbyte-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const Address address = *Address::unix_name(directory + "/socket");
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::fchmod(socket.get(), 0), 0);
  ASSERT_EQ(::bind(socket.get(), address.data(), address.size()), 0);
  struct stat status{};
  ASSERT_EQ(::lstat(address.unix_name().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0U);
  ::unlink(address.unix_name().c_str());
  ::rmdir(directory.c_str());
}

TEST(KernelFact, an_accepted_unix_socket_does_not_have_the_send_buffer_of_its_listener) {
  const Abstract listening(4);
  const int size = 4096;
  ASSERT_EQ(::setsockopt(listening.socket.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  const Descriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(connect_outcome(client, listening.address), "connected");
  const Descriptor accepted = accept_one(listening.socket);
  EXPECT_EQ(integer_option(listening.socket, SOL_SOCKET, SO_SNDBUF), 2 * size);
  EXPECT_GT(integer_option(accepted, SOL_SOCKET, SO_SNDBUF), 2 * size);
}

TEST(KernelFact, a_unix_read_ends_behind_bytes_that_came_with_descriptors_although_there_are_more) {
  const Pair pair = unix_pair();
  send_with(pair.client, "with", STDERR_FILENO);
  ASSERT_TRUE(send_all(pair.client, "more"));
  EXPECT_EQ(receive_plainly(pair.server, 100), "with+");
  EXPECT_EQ(receive_plainly(pair.server, 100), "more");
}

TEST(KernelFact, a_unix_read_glues_bytes_to_those_that_come_with_descriptors_behind_them) {
  const Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "less"));
  send_with(pair.client, "with", STDERR_FILENO);
  EXPECT_EQ(receive_plainly(pair.server, 4, MSG_PEEK), "less+") << "a short look goes on behind its room";
  EXPECT_EQ(receive_plainly(pair.server, 100), "lesswith+");
}

TEST(KernelFact, a_unix_look_stops_ahead_of_the_packet_that_reaches_memory_that_is_not_there) {
  const Pair pair = unix_pair();
  ASSERT_TRUE(send_all(pair.client, "less"));
  send_with(pair.client, "with", STDERR_FILENO);
  const auto look = [&](std::size_t room) {
    std::string bytes(room, '\0');
    std::array<iovec, 2> parts{iovec{bytes.data(), bytes.size()}, iovec{nullptr, 1}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t got = ::recvmsg(pair.server.get(), &message, MSG_PEEK);
    return outcome(got) + (got > 0 && (message.msg_flags & MSG_CTRUNC) != 0 ? "+" : "");
  };
  EXPECT_EQ(look(3), "EFAULT");
  EXPECT_EQ(look(4), "4");
  EXPECT_EQ(look(7), "4");
  EXPECT_EQ(look(8), "8+");
}

TEST(KernelFact, a_unix_send_of_one_packet_is_taken_whole_or_not_at_all) {
  for (const int size : {0, 4608, 20'000}) {
    const Pair pair = unix_pair();
    SocketOptions options;
    if (size != 0) options.send_buffer = size;
    set_send_buffer(pair.client.get(), options);
    const std::string packet(most_in_one_send(pair.client.get()), 'x');
    ssize_t sent = 0;
    for (int count = 0; count < 1000; ++count) {
      sent = ::send(pair.client.get(), packet.data(), packet.size(), MSG_NOSIGNAL);
      if (sent < 0) break;
      ASSERT_EQ(sent, static_cast<ssize_t>(packet.size())) << "send buffer " << size;
    }
    EXPECT_EQ(outcome(sent), "EAGAIN");
  }
}

TEST(KernelFact, pollout_of_a_unix_socket_means_that_a_whole_packet_is_taken) {
  const Pair pair = unix_pair();
  const std::string packet(most_in_one_send(pair.client.get()), 'x');
  while (takes_bytes_now(pair.client.get())) {
    ASSERT_EQ(::send(pair.client.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(packet.size()));
  }
}

/// Two connected UDP sockets.
Pair datagram_pair() {
  Pair pair{Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
            Descriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
  const Address any = *Address::parse("127.0.0.1", 0);
  EXPECT_EQ(::bind(pair.server.get(), any.data(), any.size()), 0);
  const Address server = local_address(pair.server.get());
  EXPECT_EQ(::connect(pair.client.get(), server.data(), server.size()), 0);
  const Address client = local_address(pair.client.get());
  EXPECT_EQ(::connect(pair.server.get(), client.data(), client.size()), 0);
  return pair;
}

TEST(KernelFact, an_empty_datagram_reads_as_0_and_is_no_end) {
  const Pair pair = datagram_pair();
  ASSERT_EQ(::send(pair.server.get(), nullptr, 0, 0), 0);
  ASSERT_TRUE(send_all(pair.server, "more"));
  EXPECT_EQ(receive(pair.client, 2), "0 4");
}

TEST(KernelFact, a_udp_error_comes_once_and_ahead_of_the_datagrams_that_came_before_it) {
  Pair pair = datagram_pair();
  ASSERT_TRUE(send_all(pair.server, "before"));
  ASSERT_TRUE(wait_for(pair.client.get(), POLLIN) & POLLIN);
  pair.server.close();
  ASSERT_TRUE(send_all(pair.client, "nobody hears"));
  ASSERT_TRUE(wait_for(pair.client.get(), 0) & POLLERR);
  EXPECT_EQ(receive(pair.client, 2), "ECONNREFUSED 6");
}

}  // namespace
}  // namespace lastbyte::net::test
