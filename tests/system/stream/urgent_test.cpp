// T1: urgent data is data. It is delivered in its place. Its mark, at which reads and splices stop, neither stops a
// flow nor counts as its end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

class UrgentData : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    const auto way = GetParam();
    if (way.upstream == net::Transport::unix_stream) {
      unix_server_.emplace(directory_);
    } else {
      auto listening = net::listen_tcp(*net::Address::parse("127.0.0.1", 0), {}, 1);
      ASSERT_TRUE(listening);
      tcp_server_ = std::move(listening->front());
      ::fcntl(tcp_server_.get(), F_SETFL, 0);
    }
    Proxy::Options options;
    if (way.client == net::Transport::unix_stream) options.listen = "unix:" + directory_.file("proxy.sock");
    proxy_.emplace(unix_server_ ? unix_server_->address : net::local_address(tcp_server_.get()), options);
    client_ = connect_to(proxy_->address());
    upstream_ = accept_next();
  }

  Descriptor accept_next() {
    Descriptor accepted = unix_server_ ? unix_server_->accept()
                                       : Descriptor(::accept4(tcp_server_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(accepted);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(accepted.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return accepted;
  }

  /// Stops the proxy until SIGCONT.
  void hold_proxy() {
    proxy_->process().signal(SIGSTOP);
    const std::string status = "/proc/" + std::to_string(proxy_->process().pid()) + "/status";
    EXPECT_TRUE(eventually([&] { return read_file(status).find("State:\tT") != std::string::npos; }));
  }

  /// Returns false if sockets of this kind have no urgent data here (AF_UNIX before Linux 5.15).
  static bool send_urgent(const Descriptor& socket) {
    if (::send(socket.get(), "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1) return true;
    EXPECT_EQ(errno, EOPNOTSUPP);
    return false;
  }

  void expect_in_place(const Descriptor& source, const Descriptor& sink);
  void expect_no_waiting(const Descriptor& source, const Descriptor& sink);

  TemporaryDirectory directory_;
  std::optional<UnixServer> unix_server_;
  Descriptor tcp_server_;
  std::optional<Proxy> proxy_;
  Descriptor client_;
  Descriptor upstream_;
};

/// Sends enough between the marks that the flow is spliced.
void UrgentData::expect_in_place(const Descriptor& source, const Descriptor& sink) {
  const std::string part(3'000'000, 'x');
  ReadToEnd read;
  std::thread reader([&] { read = read_to_end(sink); });
  bool possible = true;
  std::string sent;
  for (int mark = 0; possible && mark < 3; ++mark) {
    send_all(source, part);
    possible = send_urgent(source);
    sent += part + (possible ? "!" : "");
  }
  send_all(source, "the end");
  ::shutdown(source.get(), SHUT_WR);
  reader.join();
  ::shutdown(sink.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(source).end, "fin");
  if (!possible) GTEST_SKIP() << "these sockets have no urgent data here";
  EXPECT_TRUE(read.bytes == sent + "the end") << read.bytes.size() << " bytes";
  const Record record = proxy_->record();
  EXPECT_TRUE(record.complete) << record.line;
  EXPECT_EQ((&source == &client_ ? record.client : record.upstream).delivered, sent.size() + 7) << record.line;
}

TEST_P(UrgentData, T1_of_the_client_is_delivered_in_its_place) { expect_in_place(client_, upstream_); }

TEST_P(UrgentData, T1_of_the_upstream_is_delivered_in_its_place) { expect_in_place(upstream_, client_); }

/// The source waits for an answer to all that it has sent.
void UrgentData::expect_no_waiting(const Descriptor& source, const Descriptor& sink) {
  for (const std::string before : {"", "some", "more"}) {
    send_all(source, before);
    if (!send_urgent(source)) GTEST_SKIP() << "these sockets have no urgent data here";
    send_all(source, "after");
    std::string got(before.size() + 6, '\0');
    ASSERT_EQ(::recv(sink.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
    EXPECT_EQ(got, before + "!after");
    send_all(sink, "answer");
    std::string answer(6, '\0');
    EXPECT_EQ(::recv(source.get(), answer.data(), answer.size(), MSG_WAITALL), 6);
  }
}

TEST_P(UrgentData, T1_of_the_client_holds_nothing_up) { expect_no_waiting(client_, upstream_); }

TEST_P(UrgentData, T1_of_the_upstream_holds_nothing_up) { expect_no_waiting(upstream_, client_); }

/// The bytes come before the proxy looks. If the queue begins at an urgent byte and another one comes, the kernel drops
/// the first, unless the socket has SO_OOBINLINE from its start (net/ipv4/tcp_input.c tcp_check_urg).
TEST_P(UrgentData, T1_in_a_row_from_the_first_byte_is_all_delivered) {
  for (int session = 0; session < 20; ++session) {
    const Descriptor client = session == 0 ? std::move(client_) : connect_to(proxy_->address());
    for (int i = 0; i < 3; ++i)
      if (!send_urgent(client)) GTEST_SKIP() << "these sockets have no urgent data here";
    send_all(client, "tail");
    ::shutdown(client.get(), SHUT_WR);
    const Descriptor upstream = session == 0 ? std::move(upstream_) : accept_next();
    ASSERT_EQ(read_to_end(upstream).bytes, "!!!tail") << session;
  }
}

/// Sends one after another to a fast reader, so that the proxy reads each mark alone.
TEST_P(UrgentData, T1_alone_is_delivered_too) {
  constexpr int kTimes = 200;
  for (int i = 0; i < kTimes; ++i) {
    if (!send_urgent(client_)) GTEST_SKIP() << "these sockets have no urgent data here";
    char got = 0;
    ASSERT_EQ(::recv(upstream_.get(), &got, 1, 0), 1) << i;
    ASSERT_EQ(got, '!');
  }
}

std::vector<Way> every_way() {
  std::vector<Way> all = ways_with_unix();
  all.push_back({});
  return all;
}

/// If several urgent bytes come before a read, Linux keeps only the last but counts them all. That must not turn a
/// reset, whose error a write has taken, into a FIN (T10).
TEST_P(UrgentData, T1_that_is_passed_over_does_not_make_a_fin_of_a_reset) {
  if (GetParam().upstream != net::Transport::tcp) GTEST_SKIP() << "this one is about a TCP upstream";
  hold_proxy();
  for (int byte = 0; byte < 3; ++byte) ASSERT_TRUE(send_urgent(upstream_));
  proxy_->process().signal(SIGCONT);
  std::array<char, 10> room{};
  EXPECT_EQ(::recv(client_.get(), room.data(), room.size(), 0), 1);
  // The client's event comes first, so the write meets the reset before a read does.
  hold_proxy();
  send_all(client_, "request");
  net::reset_and_close(upstream_);
  proxy_->process().signal(SIGCONT);
  // A UNIX client with nothing unread sees an end of file (T14).
  if (GetParam().client == net::Transport::tcp) {
    EXPECT_EQ(read_to_end(client_).end, "ECONNRESET");
  }
  const Record record = proxy_->record();
  EXPECT_EQ(record.upstream.end, "reset") << record.line;
  EXPECT_EQ(record.client.end, "passed_on") << record.line;
}

/// The write, or the FIN, to the upstream meets the reset before an event has reported the mark.
TEST_P(UrgentData, T1_alone_ahead_of_a_reset_is_delivered) {
  if (GetParam().upstream != net::Transport::tcp) GTEST_SKIP() << "this one is about a TCP upstream";
  for (const bool request : {true, false}) {
    if (!request) {
      client_ = connect_to(proxy_->address());
      upstream_ = accept_next();
    }
    hold_proxy();
    request ? send_all(client_, "request") : static_cast<void>(::shutdown(client_.get(), SHUT_WR));
    ASSERT_TRUE(send_urgent(upstream_));
    net::reset_and_close(upstream_);
    proxy_->process().signal(SIGCONT);
    const ReadToEnd read = read_to_end(client_);
    EXPECT_EQ(read.bytes, "!") << "request: " << request;
    if (GetParam().client == net::Transport::tcp) {
      EXPECT_EQ(read.end, "ECONNRESET") << "request: " << request;
    }
    client_.close();
  }
  for (const Record& record : proxy_->records(2)) {
    EXPECT_EQ(record.upstream.end, "reset") << record.line;
    EXPECT_EQ(record.upstream.received, 1U) << record.line;
  }
}

/// The write by splice may take a reset, so the kernel's count of bytes must decide (T10). The count includes skipped
/// urgent bytes, and the FIN after them must not become a reset.
TEST_P(UrgentData, T1_a_fin_behind_it_is_no_reset_while_the_other_flow_is_spliced) {
  if (GetParam().upstream != net::Transport::tcp) GTEST_SKIP() << "only into TCP sockets a flow is spliced";
  constexpr std::size_t kRounds = 30;
  const std::string request(400'000, 'x');
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (round > 0) {
      client_ = connect_to(proxy_->address());
      upstream_ = accept_next();
    }
    ReadToEnd answer;
    std::thread client([&] {
      send_all(client_, request);
      ::shutdown(client_.get(), SHUT_WR);
      answer = read_to_end(client_);
    });
    ASSERT_TRUE(send_urgent(upstream_));
    ::shutdown(upstream_.get(), SHUT_WR);
    EXPECT_EQ(read_to_end(upstream_).bytes.size(), request.size());
    client.join();
    EXPECT_EQ(answer.bytes, "!") << round;
    EXPECT_EQ(answer.end, "fin") << round;
  }
  for (const Record& record : proxy_->records(kRounds)) EXPECT_TRUE(record.complete) << record.line;
}

INSTANTIATE_TEST_SUITE_P(Way, UrgentData, ::testing::ValuesIn(every_way()), way_name);

}  // namespace
}  // namespace lastbyte::system_test
