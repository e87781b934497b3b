// Tests what two looks at a namespace's sockets say about each socket.
#include "doctor/rules/looks.h"

#include <gtest/gtest.h>

namespace lastbyte::doctor {
namespace {

using net::diag::Timer;
using std::chrono::seconds;

net::Address address(const char* ip, std::uint16_t port) { return *net::Address::parse(ip, port); }

/// A connection whose last data, in both directions, is a hundred seconds old.
net::diag::Socket connection(std::uint64_t cookie, State state) {
  net::diag::Socket socket;
  socket.cookie = cookie;
  socket.state = state;
  socket.inode = 5;
  socket.local = address("10.0.0.1", 80);
  socket.remote = address("192.0.2.1", 50000);
  auto& figures = socket.details.emplace().tcp.emplace();
  figures.since_data_sent_ms = figures.since_data_received_ms = figures.since_ack_received_ms = 100'000;
  return socket;
}

net::diag::Socket listening_at(const char* ip) {
  net::diag::Socket socket = connection(1, State::listening);
  socket.local = address(ip, 80);
  socket.remote = address("0.0.0.0", 0);
  socket.receive_queue = 1;
  return socket;
}

/// A connection that waits for accept().
net::diag::Socket waiting() {
  net::diag::Socket socket = connection(2, State::established);
  socket.inode = 0;
  return socket;
}

Socket last_of(const std::vector<net::diag::Socket>& first, const std::vector<net::diag::Socket>& second) {
  return compare_looks(first, second, {}).back();
}

TEST(DoctorLooks, at_a_socket_that_stays_in_its_state_tell_how_long_it_is_idle) {
  const auto socket = connection(7, State::close_wait);
  EXPECT_TRUE(last_of({socket}, {socket}).stayed);
  EXPECT_EQ(last_of({socket}, {socket}).idle, seconds(100));
  EXPECT_FALSE(last_of({}, {socket}).stayed);
  EXPECT_FALSE(last_of({connection(7, State::established)}, {socket}).stayed);
}

TEST(DoctorLooks, do_not_take_an_answer_to_keepalive_for_life) {
  auto socket = connection(7, State::close_wait);
  socket.details->tcp->since_ack_received_ms = 3'000;
  EXPECT_EQ(last_of({socket}, {socket}).idle, seconds(3));
  socket.timer = Timer::keepalive;
  EXPECT_EQ(last_of({socket}, {socket}).idle, seconds(100));
}

TEST(DoctorLooks, at_a_listener_tell_whether_a_connection_waited_all_the_while) {
  EXPECT_TRUE(last_of({waiting()}, {waiting(), listening_at("0.0.0.0")}).stayed);
  EXPECT_EQ(last_of({waiting()}, {waiting(), listening_at("0.0.0.0")}).idle, seconds(100));
  EXPECT_TRUE(last_of({waiting()}, {waiting(), listening_at("10.0.0.1")}).stayed);
  EXPECT_FALSE(last_of({waiting()}, {waiting(), listening_at("10.0.0.2")}).stayed) << "it waits at another address";
  EXPECT_FALSE(last_of({}, {waiting(), listening_at("0.0.0.0")}).stayed) << "it came between the looks";
  EXPECT_FALSE(last_of({listening_at("0.0.0.0")}, {listening_at("0.0.0.0")}).stayed)
      << "each look found another connection";
  EXPECT_FALSE(
      last_of({connection(2, State::established)}, {connection(2, State::established), listening_at("0.0.0.0")}).stayed)
      << "a program has accepted it";
}

TEST(DoctorLooks, know_the_owner_by_cookie_or_else_by_inode) {
  const auto socket = connection(7, State::established);
  EXPECT_EQ(compare_looks({}, {socket}, {.by_cookie = {{7, {1, "by cookie"}}}})[0].owner.comm, "by cookie");
  EXPECT_EQ(compare_looks({}, {socket}, {.by_inode = {{5, {1, "by inode"}}}})[0].owner.comm, "by inode");
  auto orphan = socket;
  orphan.inode = 0;
  EXPECT_EQ(compare_looks({}, {orphan}, {.by_inode = {{0, {1, "nobody"}}}})[0].owner.pid, 0U);
}

TEST(DoctorLooks, give_descriptors_the_figures_of_their_sockets) {
  HeldSocket held;
  held.held.cookie = 7;
  HeldSocket elsewhere;
  elsewhere.held.cookie = 8;
  std::vector<HeldSocket> all{held, elsewhere};
  add_figures(all, compare_looks({}, {connection(7, State::established)}, {}));
  ASSERT_TRUE(all[0].figures);
  EXPECT_EQ(all[0].figures->since_data_sent_ms, 100'000U);
  EXPECT_EQ(all[0].idle, seconds(100));
  EXPECT_FALSE(all[1].figures);
}

TEST(DoctorLooks, tell_a_descriptor_without_its_options) {
  auto socket = connection(7, State::established);
  socket.receive_queue = 3;
  socket.send_queue = 9;
  socket.details->tcp->not_sent = 4;
  const HeldSocket held = held_without_options(socket, {100, "nginx"}, 12);
  EXPECT_FALSE(held.has_options);
  EXPECT_EQ(held.held.descriptor, 12);
  EXPECT_EQ(held.held.queued, (kernel::QueuedBytes{3, 9, 4}));
  EXPECT_EQ(held_without_options(listening_at("0.0.0.0"), {}, 1).held.backlog->waiting, 1U);
}

TEST(DoctorLooks, count_no_fin_among_the_bytes_of_a_program) {
  auto socket = connection(7, State::close_wait);
  socket.receive_queue = 1;
  EXPECT_EQ(held_without_options(socket, {}, 1).held.queued->unread, 0U);
  socket.receive_queue = 4;
  EXPECT_EQ(held_without_options(socket, {}, 1).held.queued->unread, 3U);
  socket.state = State::last_ack;
  socket.send_queue = 1;
  EXPECT_EQ(held_without_options(socket, {}, 1).held.queued, (kernel::QueuedBytes{3, 0, 0}));
}

}  // namespace
}  // namespace lastbyte::doctor
