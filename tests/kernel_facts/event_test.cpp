// Which epoll events Linux raises when a connection ends, mainly for acknowledgements: the relay waits for them
// edge-triggered.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "tests/harness/loopback.h"

namespace lastbyte::net::test {
namespace {

using KernelFactUnderLoss = UnderLoss;

constexpr std::uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

std::string named(std::uint32_t events) {
  std::string out;
  for (const auto& [bit, name] : {std::pair<std::uint32_t, const char*>{EPOLLIN, "IN"},
                                  {EPOLLOUT, "OUT"},
                                  {EPOLLRDHUP, "RDHUP"},
                                  {EPOLLHUP, "HUP"},
                                  {EPOLLERR, "ERR"}}) {
    if ((events & bit) == 0) continue;
    if (!out.empty()) out += ' ';
    out += name;
  }
  return out;
}

/// One socket in an edge-triggered epoll instance of its own.
class Watch {
 public:
  explicit Watch(const Descriptor& socket) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{kEverything, {}};
    EXPECT_EQ(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event), 0);
  }

  /// Returns the next edge; "" if none came within 20 seconds.
  std::string next() { return wait(20'000); }
  /// Returns the present edge, or "".
  std::string now() { return wait(0); }

 private:
  std::string wait(int timeout_ms) {
    epoll_event event{};
    if (::epoll_wait(epoll_.get(), &event, 1, timeout_ms) != 1) return "";
    return named(event.events);
  }

  Descriptor epoll_;
};

TEST(KernelFact, an_idle_socket_has_one_out_edge_and_no_more) {
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  EXPECT_EQ(watch.now(), "");
}

TEST(KernelFact, a_fin_is_in_out_rdhup_without_hup_or_err) {
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(watch.next(), "IN OUT RDHUP");
}

TEST(KernelFact, a_reset_is_everything_together) {
  Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  reset_and_close(pair.server);
  ASSERT_TRUE(eventually([&] { return state(pair.client) == "CLOSE"; }));
  EXPECT_EQ(watch.next(), "IN OUT RDHUP HUP ERR");
}

TEST(KernelFact, once_the_error_is_taken_err_is_gone_and_hup_stays) {
  Pair pair = connected_pair();
  reset_and_close(pair.server);
  ASSERT_EQ(receive(pair.client, 1), "ECONNRESET");
  EXPECT_EQ(Watch(pair.client).next(), "IN OUT RDHUP HUP");
}

TEST_F(KernelFactUnderLoss, our_shutdown_raises_an_edge_on_our_own_socket) {
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  const Deaf no_answer(pair.client);
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(watch.now(), "OUT") << "inet_shutdown() wakes the pollers itself";
  EXPECT_EQ(watch.now(), "");
}

TEST_F(KernelFactUnderLoss, the_acknowledgement_of_our_fin_is_an_edge_when_we_end_first) {
  // FIN_WAIT1 -> FIN_WAIT2: tcp_rcv_state_process() wakes without event bits, which epoll takes for any event.
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  {
    const Deaf fin_is_lost(pair.server);
    ::shutdown(pair.client.get(), SHUT_WR);
    while (!watch.now().empty()) {
    }
    EXPECT_EQ(state(pair.client), "FIN_WAIT1");
    EXPECT_EQ(unacknowledged(pair.client.get()), 1U);
  }
  EXPECT_EQ(watch.next(), "OUT");
  EXPECT_EQ(unacknowledged(pair.client.get()), 0U);
  EXPECT_EQ(state(pair.client), "FIN_WAIT2");
}

TEST_F(KernelFactUnderLoss, the_acknowledgement_of_our_fin_is_a_hup_edge_when_the_peer_ended_first) {
  // LAST_ACK -> CLOSE.
  const Pair pair = connected_pair();
  ::shutdown(pair.server.get(), SHUT_WR);
  ASSERT_EQ(receive(pair.client, 1), "0");
  Watch watch(pair.client);
  {
    const Deaf fin_is_lost(pair.server);
    ::shutdown(pair.client.get(), SHUT_WR);
    while (!watch.now().empty()) {
    }
    EXPECT_EQ(state(pair.client), "LAST_ACK");
    EXPECT_EQ(unacknowledged(pair.client.get()), 1U);
  }
  EXPECT_EQ(watch.next(), "IN OUT RDHUP HUP");
  EXPECT_EQ(unacknowledged(pair.client.get()), 0U);
  EXPECT_EQ(state(pair.client), "CLOSE");
  EXPECT_EQ(take_error(pair.client.get()), 0) << "a HUP that is no failure";
}

TEST_F(KernelFactUnderLoss, the_acknowledgement_of_our_fin_is_a_hup_edge_when_both_fins_crossed) {
  // CLOSING -> TIME_WAIT: the socket itself becomes CLOSE.
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  {
    const Deaf fin_is_lost(pair.server);
    ::shutdown(pair.client.get(), SHUT_WR);
    ::shutdown(pair.server.get(), SHUT_WR);
    ASSERT_TRUE(eventually([&] { return state(pair.client) == "CLOSING"; }));
    while (!watch.now().empty()) {
    }
    EXPECT_EQ(unacknowledged(pair.client.get()), 1U);
  }
  EXPECT_EQ(watch.next(), "IN OUT RDHUP HUP");
  EXPECT_EQ(unacknowledged(pair.client.get()), 0U);
  EXPECT_EQ(state(pair.client), "CLOSE");
}

TEST(KernelFact, the_peers_fin_after_our_acknowledged_one_is_a_hup_edge) {
  // FIN_WAIT2 -> TIME_WAIT.
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  ::shutdown(pair.client.get(), SHUT_WR);
  ASSERT_TRUE(eventually([&] { return state(pair.client) == "FIN_WAIT2"; }));
  while (!watch.now().empty()) {
  }
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(watch.next(), "IN OUT RDHUP HUP");
  EXPECT_EQ(take_error(pair.client.get()), 0);
}

TEST_F(KernelFactUnderLoss, the_acknowledgement_of_data_is_no_edge) {
  // So waiting for SIOCOUTQ = 0 before a reset (T4) needs a timer.
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  {
    const Deaf data_is_lost(pair.server);
    ASSERT_TRUE(send_all(pair.client, "12345"));
    EXPECT_EQ(unacknowledged(pair.client.get()), 5U);
  }
  ASSERT_TRUE(eventually([&] { return unacknowledged(pair.client.get()) == 0; }));
  EXPECT_EQ(watch.now(), "");
}

TEST(KernelFact, room_in_a_full_send_queue_is_an_out_edge_after_eagain) {
  const Pair pair = connected_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  fill(pair.client);
  while (!watch.now().empty()) {
  }
  ASSERT_EQ(send_one(pair.client), "EAGAIN");
  ASSERT_TRUE(eventually([&] {
    while (::recv(pair.server.get(), nullptr, 1U << 30U, MSG_TRUNC) > 0) {
    }
    return unacknowledged(pair.client.get()) == 0;
  }));
  EXPECT_EQ(watch.next(), "OUT");
}

TEST(KernelFact, a_refused_connection_is_err_and_hup_and_a_made_one_is_out) {
  Descriptor listening = listener();
  const Address address = local_address(listening.get());
  const auto made = connect_tcp(address, {}, {});
  ASSERT_TRUE(made);
  EXPECT_EQ(Watch(made->socket).next(), "OUT");
  accept_one(listening);
  listening.close();
  const auto refused = connect_tcp(address, {}, {});
  ASSERT_TRUE(refused);
  ASSERT_TRUE(eventually([&] { return state(refused->socket) == "CLOSE"; }));
  EXPECT_EQ(Watch(refused->socket).next(), "IN OUT RDHUP HUP ERR");
  EXPECT_EQ(take_error(refused->socket.get()), ECONNREFUSED);
}

TEST(KernelFact, a_unix_peers_half_close_is_rdhup_and_its_close_is_hup) {
  Pair pair = unix_pair();
  Watch watch(pair.client);
  EXPECT_EQ(watch.next(), "OUT");
  ::shutdown(pair.server.get(), SHUT_WR);
  EXPECT_EQ(watch.next(), "IN OUT RDHUP");
  pair.server.close();
  EXPECT_EQ(watch.next(), "IN OUT RDHUP HUP");
}

}  // namespace
}  // namespace lastbyte::net::test
