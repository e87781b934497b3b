// Stream clients of a UDP upstream, tcp->udp and unix->udp: one datagram per message. LXD leaks every such session.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket/calls.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

constexpr std::size_t kLargest = 65'507;

class StreamToUdp : public ::testing::TestWithParam<net::Transport> {
 protected:
  StreamToUdp() : server_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const net::Address any = *net::Address::parse("127.0.0.1", 0);
    EXPECT_EQ(::bind(server_.get(), any.data(), any.size()), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(server_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    address_ = net::local_address(server_.get());
  }
  void start(Flags flags = {}) {
    if (flags.empty()) flags = {"--limits-datagram-idle", "300ms"};
    Proxy::Options options{.flags = std::move(flags), .transport = "udp:"};
    if (GetParam() == net::Transport::unix_stream) options.listen = "unix:" + directory_.file("proxy.sock");
    proxy_.emplace(address_, options);
    client_ = connect_to(proxy_->address());
  }
  /// Returns the next datagram. answer() goes to its sender.
  std::string datagram() {
    std::string room(70'000, '\0');
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(server_.get(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    EXPECT_GE(got, 0) << errno_name(errno);
    from_ = from;
    return room.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  void answer(std::string_view bytes) {
    EXPECT_EQ(
        ::sendto(server_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&from_), sizeof from_),
        static_cast<ssize_t>(bytes.size()));
  }
  std::string receive(std::size_t bytes) {
    std::string room(bytes, '\0');
    const ssize_t got = ::recv(client_.get(), room.data(), room.size(), MSG_WAITALL);
    return room.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }

  TemporaryDirectory directory_;
  Descriptor server_;
  net::Address address_;
  sockaddr_in from_{};
  std::optional<Proxy> proxy_;
  Descriptor client_;
};

INSTANTIATE_TEST_SUITE_P(Client, StreamToUdp, ::testing::Values(net::Transport::tcp, net::Transport::unix_stream),
                         [](const auto& each) {
                           return std::string(each.param == net::Transport::tcp ? "Tcp" : "Unix");
                         });

TEST_P(StreamToUdp, speaks_in_datagrams_of_all_sizes) {
  start({"--limits-datagram-idle", "300ms"});
  for (const std::size_t size : {std::size_t{1}, std::size_t{1472}, std::size_t{40'000}, kLargest}) {
    send_all(client_, "hello");
    EXPECT_EQ(datagram(), "hello");
    const std::string said(size, 'a');
    answer(said);
    EXPECT_EQ(receive(size), said) << "whole";
  }
}

TEST_P(StreamToUdp, no_datagram_is_larger_than_udp_carries) {
  start();
  const std::string all(70'000, 'x');  // surely fits the server's receive buffer
  send_all(client_, all);
  std::size_t got = 0;
  while (got < all.size()) {
    const std::size_t size = datagram().size();
    if (size == 0) break;
    EXPECT_LE(size, kLargest);
    got += size;
  }
  EXPECT_EQ(got, all.size());
}

TEST_P(StreamToUdp, an_empty_datagram_is_no_end) {
  start();
  send_all(client_, "x");
  datagram();
  answer("");
  answer("more");
  EXPECT_EQ(receive(4), "more");
}

TEST_P(StreamToUdp, after_the_clients_fin_the_silence_of_the_upstream_is_its_end) {
  start({"--limits-datagram-idle", "400ms"});
  send_all(client_, "question");
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(datagram(), "question");
  for (int part = 0; part < 4; ++part) {
    usleep(200'000);  // each part keeps the session alive; all together exceed the limit
    answer("part");
  }
  const ReadToEnd read = read_to_end(client_);
  EXPECT_EQ(read.bytes, "partpartpartpart");
  EXPECT_EQ(read.end, "fin");
  const Record record = proxy_->record();
  EXPECT_TRUE(record.complete) << record.line;
  EXPECT_GE(record.duration_us, 1'200'000) << record.line;
  EXPECT_EQ(record.limit, "none") << record.line;
}

TEST_P(StreamToUdp, a_quiet_client_that_has_not_ended_keeps_its_session) {
  start({"--limits-datagram-idle", "100ms"});
  send_all(client_, "x");
  datagram();
  usleep(400'000);
  answer("late");
  EXPECT_EQ(receive(4), "late");
}

TEST_P(StreamToUdp, an_icmp_error_is_a_reset_behind_what_came_before) {
  start();
  send_all(client_, "x");
  datagram();
  answer("before");
  server_.close();
  EXPECT_EQ(receive(6), "before");
  // ICMP answers the first one. The sender may learn of it at its next send.
  send_all(client_, "y");
  EXPECT_TRUE(eventually([&] { return !proxy_->records_so_far().empty(); }));
  const Record record = proxy_->record();
  EXPECT_EQ(record.upstream.end, "reset") << record.line;
  EXPECT_EQ(record.upstream.error, "ECONNREFUSED") << record.line;
  if (GetParam() == net::Transport::tcp) {
    EXPECT_EQ(read_to_end(client_).end, "ECONNRESET");
  }
}

TEST_P(StreamToUdp, a_client_that_is_gone_leaves_no_session) {
  start();
  for (int round = 0; round < 20; ++round) {
    const Descriptor client = connect_to(proxy_->address());
    send_all(client, "x");
    datagram();
    answer("unread");
  }
  client_.close();
  for (const Record& record : proxy_->records(21))
    EXPECT_NE(record.limit, "linger") << "nobody lingers for datagrams: " << record.line;
}

TEST_P(StreamToUdp, an_upstream_that_goes_on_talking_does_not_keep_a_session_whose_client_is_gone) {
  start({"--limits-datagram-idle", "1h", "--limits-half-close", "1h"});
  send_all(client_, "x");
  datagram();
  client_.close();
  EXPECT_TRUE(eventually([&] {
    answer("talk");
    return !proxy_->records_so_far().empty();
  }));
}

TEST_P(StreamToUdp, a_limit_still_holds) {
  start({"--limits-idle", "300ms", "--limits-datagram-idle", "300ms"});
  send_all(client_, "x");
  const ReadToEnd read = read_to_end(client_);
  EXPECT_EQ(proxy_->record().limit, "idle");
}

}  // namespace
}  // namespace lastbyte::system_test
