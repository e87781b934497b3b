// One worker, and the sessions that it has.
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include "kernel/proc/counters.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;

/// Sends these bytes and reads them at the other end.
void pass(const Descriptor& from, const Descriptor& to, std::string_view bytes) {
  EXPECT_EQ(::send(from.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  std::string got(bytes.size(), '\0');
  EXPECT_EQ(::recv(to.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, bytes);
}

/// The request and its FIN come with one event: none comes any more for the FIN that the first read left. Nor does a
/// timer that only TCP upstreams have.
TEST(Worker, T12_a_session_whose_budget_is_used_up_goes_on_in_the_next_round) {
  Stage stage(Transport::tcp, Transport::unix_stream, [](Forwarding& forwarding, Shared& shared) {
    shared.round_budget = 1;
    forwarding.max_sessions = 1;
  });
  Descriptor first = stage.connect();
  Descriptor server = stage.accept();
  pass(first, server, "question");
  // It waits in the queue until the first one has gone.
  const Descriptor client = stage.connect();
  EXPECT_EQ(::send(client.get(), "question", 8, MSG_NOSIGNAL), 8);
  ::shutdown(client.get(), SHUT_WR);
  first.close();
  server.close();
  server = stage.accept();
  std::string got;
  char byte = 0;
  while (::recv(server.get(), &byte, 1, 0) == 1) got += byte;
  EXPECT_EQ(got, "question");
  EXPECT_EQ(::send(server.get(), "answer", 6, MSG_NOSIGNAL), 6);
  ::shutdown(server.get(), SHUT_WR);
  got.clear();
  while (::recv(client.get(), &byte, 1, 0) == 1) got += byte;
  EXPECT_EQ(got, "answer");
  EXPECT_TRUE(eventually([&] { return stage.count(Count::ended) == 2; }));
  stage.wait_for_worker();
  const auto records = stage.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_TRUE(records[1].stream().verdict.complete);
}

void stamp(const Descriptor& socket) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on), 0);
}

/// When the bytes came that the socket is read by now; 0: the kernel does not say.
std::int64_t came_at(const Descriptor& socket) {
  std::array<char, 64> bytes{};
  alignas(cmsghdr) std::array<char, 64> control{};
  iovec room{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  EXPECT_GT(::recvmsg(socket.get(), &message, 0), 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_TIMESTAMPNS) return 0;
  timespec at{};
  std::memcpy(&at, CMSG_DATA(header), sizeof at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

TEST(Worker, T12_a_small_message_goes_ahead_of_the_bulk_that_came_before_it) {
  Stage stage(Transport::tcp, Transport::tcp,
              [](Forwarding& forwarding, Shared&) { forwarding.client.socket.send_buffer.reset(); });
  const Descriptor many = stage.connect();
  const Descriptor sends_many = stage.accept();
  const Descriptor few = stage.connect();
  const Descriptor sends_few = stage.accept();
  for (const Descriptor* each : {&many, &few}) stamp(*each);
  const auto hear = [&](std::size_t bytes) {
    std::string got(bytes, '\0');
    EXPECT_EQ(::recv(many.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  };
  // The kernel opens its windows, and begins to stamp.
  const std::string warm(8U << 20U, 'x');
  std::thread sender([&] { EXPECT_EQ(::send(sends_many.get(), warm.data(), warm.size(), MSG_NOSIGNAL), warm.size()); });
  hear(warm.size());
  sender.join();
  stage.wait_for_worker();
  // Twice what a flow reads at once, all of it there: it is bulk from then on.
  std::size_t sent = 0;
  bool is_there = false;
  stage.while_it_stands([&] {
    const ssize_t put = ::send(sends_many.get(), warm.data(), 200'000, MSG_NOSIGNAL | MSG_DONTWAIT);
    sent = static_cast<std::size_t>(std::max<ssize_t>(put, 0));
    is_there = sent == 200'000 && eventually([&] { return net::unacknowledged(sends_many.get()) == 0; });
  });
  hear(sent);
  if (!is_there) GTEST_SKIP() << "this kernel's windows are small";
  stage.while_it_stands([&] {
    EXPECT_EQ(::send(sends_many.get(), warm.data(), 20'000, MSG_NOSIGNAL), 20'000);
    EXPECT_EQ(::send(sends_few.get(), "small", 5, MSG_NOSIGNAL), 5);
  });
  const std::int64_t small = came_at(few);
  const std::int64_t first = came_at(many);
  if (small == 0 || first == 0) GTEST_SKIP() << "this kernel stamps nothing";
  EXPECT_LT(small, first);
}

/// Of the calling thread's network namespace.
std::int64_t counter(std::string_view name) {
  kernel::Counters counters;
  for (const char* path : {"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat"}) {
    std::ifstream file(path);
    counters.add_pairs(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  return counters.find(name).value_or(-1);
}

/// The kernel would tell it 200 ms later, and count that.
TEST(Worker, T3_an_upstream_that_speaks_first_is_told_of_the_connection_at_once) {
  const bool possible = net::test::in_own_network("ipv4/tcp_syncookies", "1", [] {
    Stage stage(Transport::tcp, Transport::tcp);
    const Descriptor client = stage.connect();
    const Descriptor server = stage.accept();
    EXPECT_EQ(counter("TcpExt:DelayedACKs"), 0);
    pass(server, client, "banner");
  });
  if (!possible) GTEST_SKIP() << "this machine does not allow a network namespace";
}

TEST(Worker, T3_the_end_of_the_handshake_goes_with_what_the_client_has_said) {
  Stage stage(Transport::tcp, Transport::tcp, [](Forwarding& forwarding, Shared&) { forwarding.max_sessions = 1; });
  Descriptor first = stage.connect();
  Descriptor server = stage.accept();
  // It waits in the queue, with what it says, until the first one has gone.
  const Descriptor client = stage.connect();
  ASSERT_EQ(::send(client.get(), "question", 8, MSG_NOSIGNAL), 8);
  first.close();
  server.close();
  server = stage.accept();
  std::array<char, 8> got{};
  ASSERT_EQ(::recv(server.get(), got.data(), got.size(), MSG_WAITALL), 8);
  tcp_info info{};
  socklen_t length = sizeof info;
  ASSERT_EQ(::getsockopt(server.get(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
  EXPECT_EQ(info.tcpi_segs_in, 2U) << "the SYN, and the question with the last segment of the handshake";
}

TEST(Worker, T15_clients_in_the_queue_of_a_listener_that_leaves_are_served) {
  Stage stage(Transport::tcp, Transport::tcp, [](Forwarding& forwarding, Shared&) { forwarding.max_sessions = 1; });
  std::vector<Descriptor> clients;
  clients.push_back(stage.connect());
  Descriptor server = stage.accept();
  for (int waiting = 0; waiting < 3; ++waiting) clients.push_back(stage.connect());
  stage.serve_nothing();
  stage.wait_for_worker();
  pass(clients[0], server, "question");
  for (std::size_t next = 1; next < clients.size(); ++next) {
    clients[next - 1].close();
    server.close();
    server = stage.accept();
    pass(clients[next], server, "question");
    pass(server, clients[next], "answer");
  }
}

}  // namespace
}  // namespace lastbyte::relay
