// T14: descriptors pass from one UNIX side to the other with their bytes, and none remains.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <thread>

#include "net/socket/passing.h"
#include "net/unix/stream.h"
#include "tests/harness/ways.h"

namespace lastbyte::system_test {
namespace {

class UnixDescriptors : public ::testing::Test {
 protected:
  void start(Flags flags = {}) {
    flags.insert(flags.end(), {"--workers", "1"});
    proxy_.emplace(server_.address, Proxy::Options{.flags = flags, .listen = "unix:" + directory_.file("proxy.sock")});
    client_ = connect_to(proxy_->address());
    upstream_ = server_.accept();
    // Without the session's own two: a worker takes its reserve with the first client.
    open_at_start_ = open_files() - 2;
  }
  /// Number of the proxy's descriptors of any kind.
  std::size_t open_files() {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(proxy_->process().pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(all, std::filesystem::directory_iterator()));
  }
  void expect_nothing_left_over() {
    client_.close();
    upstream_.close();
    EXPECT_TRUE(eventually([&] { return open_files() <= open_at_start_; }))
        << open_files() << " files are open; " << open_at_start_ << " were at the start";
  }

  TemporaryDirectory directory_;
  UnixServer server_{directory_};
  std::optional<Proxy> proxy_;
  std::size_t open_at_start_ = 0;
  Descriptor client_;
  Descriptor upstream_;
};

/// Returns a new file, identified by its inode.
Descriptor new_file() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor other(ends[1]);
  return Descriptor(ends[0]);
}

ino_t inode_of(int fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd, &status), 0);
  return status.st_ino;
}

std::vector<ino_t> send_files(const Descriptor& socket, std::string_view bytes, std::size_t count) {
  std::vector<Descriptor> files;
  std::vector<ino_t> inodes;
  for (std::size_t index = 0; index < count; ++index) {
    files.push_back(new_file());
    inodes.push_back(inode_of(files.back().get()));
  }
  EXPECT_EQ(net::send_with_descriptors(socket.get(), std::as_bytes(std::span(bytes)), files),
            static_cast<ssize_t>(bytes.size()));
  return inodes;
}

struct Received {
  std::string bytes;
  std::vector<ino_t> inodes;
};

Received receive(const Descriptor& socket, std::size_t most) {
  std::string room(most, '\0');
  const auto got = net::receive_with_descriptors(socket.get(), std::as_writable_bytes(std::span(room)));
  EXPECT_GE(got.bytes, 0) << errno_name(errno);
  Received received{room.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got.bytes, 0))), {}};
  for (const Descriptor& each : got.descriptors) received.inodes.push_back(inode_of(each.get()));
  return received;
}

TEST_F(UnixDescriptors, T14_come_with_the_byte_that_they_were_sent_with) {
  start();
  // While the proxy is stopped, everything gathers in one queue, where a read could join it.
  proxy_->process().signal(SIGSTOP);
  send_all(client_, "aaaa");
  const auto first = send_files(client_, "bbbb", 1);
  send_all(client_, "cccc");
  const auto second = send_files(client_, "d", 3);
  proxy_->process().signal(SIGCONT);
  EXPECT_TRUE(receive(upstream_, 4).inodes.empty());
  const Received b = receive(upstream_, 4);
  EXPECT_EQ(b.bytes, "bbbb");
  EXPECT_EQ(b.inodes, first);
  EXPECT_TRUE(receive(upstream_, 4).inodes.empty());
  const Received d = receive(upstream_, 4);
  EXPECT_EQ(d.bytes, "d");
  EXPECT_EQ(d.inodes, second);
  expect_nothing_left_over();
  EXPECT_NE(proxy_->record().line.find(R"("descriptors":4)"), std::string::npos);
}

// These descriptors belong to a byte that is not forwarded. The session ends, rather than lose them silently.
TEST(DescriptorsWithAProxyHeader, T14_end_the_session) {
  const TemporaryDirectory directory;
  UnixServer server(directory);
  Proxy proxy(server.address, Proxy::Options{.flags = {"--client-proxy-protocol", "required", "--workers", "1"},
                                             .listen = "unix:" + directory.file("proxy.sock")});
  const Descriptor client = connect_to(proxy.address());
  send_files(client, "PROXY UNKNOWN\r\nhello", 1);
  const Record record = proxy.record();
  EXPECT_NE(record.line.find("file descriptors came with the PROXY header"), std::string::npos) << record.line;
  EXPECT_EQ(record.upstream.received, 0U) << record.line;
}

TEST_F(UnixDescriptors, T14_pass_in_both_directions_and_after_a_half_close) {
  start();
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(upstream_).end, "fin");
  const auto sent = send_files(upstream_, "x", net::kMostDescriptors);
  EXPECT_EQ(receive(client_, 10).inodes, sent);
  expect_nothing_left_over();
  EXPECT_TRUE(proxy_->record().complete);
}

TEST_F(UnixDescriptors, T14_keep_their_place_behind_a_large_backlog) {
  start();
  std::vector<ino_t> sent;
  std::string bytes;
  std::thread sender([&] {
    for (int round = 0; round < 40; ++round) {
      const std::string bulk(50'000, static_cast<char>('a' + round % 26));
      send_all(client_, bulk);
      const auto inodes = send_files(client_, "!", 5);
      sent.insert(sent.end(), inodes.begin(), inodes.end());
      bytes += bulk + "!";
    }
    ::shutdown(client_.get(), SHUT_WR);
  });
  std::vector<ino_t> got;
  std::string received;
  std::vector<std::size_t> places;
  for (;;) {
    const Received part = receive(upstream_, 1 << 20);
    if (part.bytes.empty()) break;
    received += part.bytes;
    EXPECT_TRUE(part.inodes.empty() || part.inodes.size() == 5) << "one message's at a time";
    got.insert(got.end(), part.inodes.begin(), part.inodes.end());
    if (!part.inodes.empty()) places.push_back(received.size());
  }
  sender.join();
  EXPECT_EQ(received, bytes);
  EXPECT_EQ(got, sent);
  for (std::size_t index = 0; index < places.size(); ++index) EXPECT_EQ(places[index], (index + 1) * 50'001) << index;
  expect_nothing_left_over();
}

TEST_F(UnixDescriptors, T14_wait_in_the_kernel_while_the_sink_is_full) {
  start();
  send_all(client_, std::string(100'000, 'x'));
  std::size_t messages = 0;
  // Sends until both queues are full: nobody reads.
  const timeval soon{.tv_sec = 0, .tv_usec = 300'000};
  ::setsockopt(client_.get(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  const std::string bytes(20'000, 'y');
  std::vector<Descriptor> file;
  file.push_back(new_file());
  while (net::send_with_descriptors(client_.get(), std::as_bytes(std::span(bytes)), file) > 0) ++messages;
  EXPECT_GT(messages, 5U);
  EXPECT_LE(open_files(), open_at_start_ + 2) << "of descriptors on their way, the proxy holds none";
  ::shutdown(client_.get(), SHUT_WR);
  std::size_t got = 0;
  for (Received part = receive(upstream_, 1 << 16); !part.bytes.empty(); part = receive(upstream_, 1 << 16))
    got += part.inodes.size();
  EXPECT_GE(got, messages);
  expect_nothing_left_over();
}

TEST_F(UnixDescriptors, T14_none_is_left_over_when_the_sink_is_gone) {
  start();
  proxy_->process().signal(SIGSTOP);
  send_files(client_, "x", 20);
  upstream_.close();
  proxy_->process().signal(SIGCONT);
  EXPECT_EQ(read_to_end(client_).bytes, "");
  expect_nothing_left_over();
}

TEST_F(UnixDescriptors, T14_none_is_left_over_when_the_session_is_stopped) {
  start({"--drain", "50ms"});
  send_all(client_, std::string(150'000, 'x'));
  send_files(client_, "x", 20);
  proxy_->process().signal(SIGTERM);
  proxy_->expect_end();
  EXPECT_LE(read_to_end(upstream_).bytes.size(), 150'001U) << "it ends";
}

TEST_F(UnixDescriptors, T14_that_cannot_be_received_are_a_failure_and_not_a_silent_loss) {
  start();
  const rlimit tight{.rlim_cur = open_files() + 8, .rlim_max = 1 << 16};
  rlimit before{};
  ASSERT_EQ(::prlimit(proxy_->process().pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit lower{.rlim_cur = tight.rlim_cur, .rlim_max = before.rlim_max};
  ASSERT_EQ(::prlimit(proxy_->process().pid(), RLIMIT_NOFILE, &lower, nullptr), 0);
  send_all(client_, "before");
  send_files(client_, "x", 100);
  EXPECT_EQ(read_to_end(upstream_).bytes, "before");
  EXPECT_EQ(read_to_end(client_).bytes, "");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "reset") << record.line;
  EXPECT_EQ(record.client.error, "EMFILE") << record.line;
  EXPECT_EQ(record.client.undelivered, 1U) << record.line;
  EXPECT_TRUE(eventually([&] {
    return proxy_->process().err().find("file descriptors could not be received") != std::string::npos;
  })) << proxy_->process().err();
  ASSERT_EQ(::prlimit(proxy_->process().pid(), RLIMIT_NOFILE, &before, nullptr), 0);
  expect_nothing_left_over();
}

/// Returns 0 if they are under way.
int error_of_sending_a_file(const Descriptor& socket) {
  std::vector<Descriptor> files;
  files.push_back(new_file());
  return net::send_with_descriptors(socket.get(), std::as_bytes(std::span(std::string_view("x"))), files) > 0 ? 0
                                                                                                              : errno;
}

TEST(OtherWays, T14_descriptors_for_a_tcp_client_are_closed_by_the_kernel_and_the_bytes_go_on) {
  if (can_forbid_descriptors()) GTEST_SKIP() << "this kernel forbids them";
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  Proxy proxy(server.address);
  Client client(proxy.address(), script("recv 101; send 10; expect fin; close"));
  Descriptor upstream = server.accept();
  // Everything lies in one queue. Every read ends after one message, and no further event comes.
  proxy.process().signal(SIGSTOP);
  for (int round = 0; round < 50; ++round) send_files(upstream, "xy", 5);
  send_all(upstream, "z");
  proxy.process().signal(SIGCONT);
  EXPECT_EQ(receive(upstream, 10).bytes.size(), 10U);
  ::shutdown(upstream.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(upstream).end, "fin");
  EXPECT_EQ(client.wait().received, 101U);
  EXPECT_TRUE(proxy.record().complete);
}

TEST(OtherWays, T14_an_upstream_is_told_that_a_tcp_client_takes_no_descriptors) {
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel lets nobody forbid descriptors";
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  Proxy proxy(server.address);
  Client client(proxy.address(), script("send 1; recv 5; expect fin; close"));
  Descriptor upstream = server.accept();
  EXPECT_EQ(receive(upstream, 1).bytes.size(), 1U);
  EXPECT_EQ(error_of_sending_a_file(upstream), EPERM);
  send_all(upstream, "bytes");
  upstream.close();
  EXPECT_EQ(client.wait().received, 5U) << client.wait().text();
  EXPECT_TRUE(proxy.record().complete);
}

TEST(OtherWays, T14_a_passed_socket_is_told_anew_whether_descriptors_may_pass) {
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel lets nobody forbid descriptors";
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  const UnixServer passed(directory, "passed.sock");
  // The socket's state is that of an earlier process with another kind of upstream.
  net::let_descriptors_pass(passed.listening.get(), false);
  const Descriptor early = connect_to(passed.address);
  Proxy proxy(server.address,
              Proxy::Options{.listen = passed.address.text(), .passed_sockets = {passed.listening.get()}});
  const Descriptor upstream = server.accept();
  EXPECT_EQ(error_of_sending_a_file(early), 0) << "it was in the queue before";
  EXPECT_EQ(error_of_sending_a_file(connect_to(passed.address)), 0);
  proxy.abandon();
}

// A client's descriptor may take any time to close (SO_LINGER), and a worker would wait for it.
TEST(OtherWays, T14_a_client_is_told_that_a_tcp_upstream_takes_no_descriptors) {
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel lets nobody forbid descriptors";
  const TemporaryDirectory directory;
  Server server = start_server("recv 5; send 1; expect fin; close");
  Proxy proxy(server.address(), Proxy::Options{.listen = "unix:" + directory.file("proxy.sock")});
  const Descriptor client = connect_to(proxy.address());
  EXPECT_EQ(error_of_sending_a_file(client), EPERM);
  send_all(client, "bytes");
  EXPECT_EQ(receive(client, 1).bytes.size(), 1U) << "the session goes on";
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(read_to_end(client).end, "fin");
  EXPECT_EQ(server.wait().at(0).received, 5U);
  EXPECT_TRUE(proxy.record().complete);
}

TEST(Reload, T15_decides_anew_whether_clients_may_pass_descriptors) {
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel lets nobody forbid descriptors";
  const TemporaryDirectory directory;
  const UnixServer server(directory);
  const auto config = [&](const std::string& upstream) {
    return "forwardings:\n  - listen: unix:" + directory.file("proxy.sock") + "\n    connect: " + upstream + "\n";
  };
  const Server tcp_server = start_server("expect fin; close", {}, std::nullopt);
  const std::string tcp = "tcp:" + tcp_server.address().text();
  Proxy proxy(server.address, Proxy::Options{.config = config(tcp)});
  EXPECT_EQ(error_of_sending_a_file(connect_to(proxy.address())), EPERM);
  proxy.reload(config(server.address.text()));
  EXPECT_EQ(error_of_sending_a_file(connect_to(proxy.address())), 0);
  EXPECT_EQ(receive(server.accept(), 1).inodes.size(), 1U);
  proxy.reload(config(tcp));
  EXPECT_EQ(error_of_sending_a_file(connect_to(proxy.address())), EPERM);
}

/// A sink that forbids descriptors continues. Its side must also learn of the failure at once (T4).
TEST_F(UnixDescriptors, T14_that_the_sink_forbids_are_a_failure_for_both) {
  start();
  if (!can_forbid_descriptors()) GTEST_SKIP() << "this kernel lets nobody forbid descriptors";
  net::let_descriptors_pass(upstream_.get(), false);
  const Descriptor file = new_file();
  std::vector<Descriptor> files;
  files.emplace_back(::dup(file.get()));
  ASSERT_GT(net::send_with_descriptors(client_.get(), std::as_bytes(std::span(std::string_view("x"))), files), 0);
  EXPECT_EQ(read_to_end(client_).bytes, "");
  EXPECT_EQ(read_to_end(upstream_).bytes, "");
  const Record record = proxy_->record();
  EXPECT_FALSE(record.complete) << record.line;
  EXPECT_EQ(record.client.error, "EPERM") << record.line;
  EXPECT_LT(record.duration_us, 10'000'000) << record.line;
  expect_nothing_left_over();
}

}  // namespace
}  // namespace lastbyte::system_test
