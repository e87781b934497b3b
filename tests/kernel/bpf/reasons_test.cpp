// Each reset reason that a test can cause, at each level that reports single connections. The test compares the
// kernel's events with the segments on the wire.
#include <fstream>

#include "tests/kernel/bpf/watched.h"

namespace lastbyte::kernel {
namespace {

using namespace test;
using namespace std::chrono_literals;
using net::test::Pair;

TEST_P(Reasons, close_with_unread_input_is_abort_on_close) {
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    ASSERT_TRUE(net::test::send_all(pair.client, "12345"));
    ASSERT_TRUE(net::test::eventually([&] { return net::test::unread(pair.server) == 5; }));
    pair.server.close();
    const TcpEvent sent = expect_sent("TCP_ABORT_ON_CLOSE", here, there);
    const TcpEvent received = wait_for(EventKind::reset_received, there, here);
    expect_mine(sent);
    expect_mine(received);
    if (!by_programs()) return;
    ASSERT_TRUE(sent.queued);
    EXPECT_EQ(sent.queued->unread, 5U);
    EXPECT_EQ(state_text(sent.state), "ESTABLISHED");
    EXPECT_EQ(sent.caller.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(state_text(received.state), "ESTABLISHED");
    EXPECT_EQ(received.reason, "") << "the kernel gives no reason";
  });
}

TEST_P(Reasons, linger_0_is_tcp_state_and_tells_what_is_lost) {
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.client);
    const std::string there = local(pair.server);
    const std::size_t written = net::test::fill(pair.client);
    set_linger_0(pair.client);
    pair.client.close();
    const TcpEvent sent = expect_sent("TCP_STATE", here, there);
    expect_mine(sent);
    const TcpEvent received = wait_for(EventKind::reset_received, there, here);
    if (!by_programs()) return;
    ASSERT_TRUE(sent.queued && received.queued);
    EXPECT_GT(sent.queued->unacknowledged, 0U);
    // Bytes that the peer has received but not acknowledged yet count on both sides.
    EXPECT_GE(sent.queued->unacknowledged + received.queued->unread, written);
    EXPECT_LE(received.queued->unread, written);
  });
}

TEST_P(Reasons, a_port_without_a_listener_is_no_socket) {
  watched([&] {
    Descriptor listening = net::test::listener();
    const net::Address nobody = net::local_address(listening.get());
    listening.close();
    const Descriptor client = start_towards(nobody);
    const std::string here = local(client);
    const TcpEvent sent = expect_sent("NO_SOCKET", nobody.text(), here);
    EXPECT_EQ(sent.state, 0);
    if (by_programs()) {
      EXPECT_EQ(sent.network, network_);
      EXPECT_EQ(sent.owner.pid, 0U) << "the listener has gone";
    }
    const TcpEvent received = wait_for(EventKind::reset_received, here, nobody.text());
    expect_mine(received);
    if (by_programs()) {
      EXPECT_EQ(state_text(received.state), "SYN_SENT");
    }
  });
}

TEST_P(Reasons, data_after_close_of_a_connection_that_rests_is_timewait_socket) {
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "FIN_WAIT2"; }));
    pair.server.close();
    net::test::send_one(pair.client);
    expect_sent("TCP_TIMEWAIT_SOCKET", here, there);
    const TcpEvent received = wait_for(EventKind::reset_received, there, here);
    if (by_programs()) {
      EXPECT_EQ(state_text(received.state), "CLOSE_WAIT");
    }
  });
}

TEST_P(Reasons, data_after_shutdown_of_reading_is_abort_on_data) {
  watched([&] {
    const Pair pair = net::test::connected_pair();
    ASSERT_EQ(::shutdown(pair.server.get(), SHUT_RDWR), 0);
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.client) == "CLOSE_WAIT"; }));
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    net::test::send_one(pair.client);
    const TcpEvent sent = expect_sent("TCP_ABORT_ON_DATA", here, there);
    expect_mine(sent);
    if (by_programs()) {
      EXPECT_EQ(sent.caller.pid, 0U) << "a segment caused it, not a call";
    }
  });
}

TEST_P(Reasons, connect_to_nowhere_is_tcp_state) {
  watched([&] {
    const Pair pair = net::test::connected_pair();
    const std::string here = local(pair.client);
    const std::string there = local(pair.server);
    const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
    ASSERT_EQ(::connect(pair.client.get(), &nowhere, sizeof nowhere), 0);
    const TcpEvent sent = expect_sent("TCP_STATE", here, there);
    if (by_programs()) {
      EXPECT_EQ(sent.caller.pid, static_cast<std::uint32_t>(::getpid()));
    }
  });
}

TEST_P(Reasons, negative_linger2_is_abort_on_linger) {
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    set_tcp(pair.server, TCP_LINGER2, -1);
    ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "FIN_WAIT2"; }));
    pair.server.close();
    const TcpEvent sent = expect_sent("TCP_ABORT_ON_LINGER", here, there);
    if (by_programs()) {
      EXPECT_EQ(state_text(sent.state), "FIN_WAIT2");
    }
  });
}

TEST_P(Reasons, linger_0_behind_both_fins_is_disconnect_with_data) {
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.client);
    const std::string there = local(pair.server);
    net::test::fill(pair.client);
    ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
    ASSERT_EQ(::shutdown(pair.client.get(), SHUT_WR), 0);
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.client) == "LAST_ACK"; }));
    set_linger_0(pair.client);
    pair.client.close();
    expect_sent("TCP_DISCONNECT_WITH_DATA", here, there);
  });
}

TEST_P(Reasons, an_unanswered_keepalive_is_keepalive_timeout) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  watched([&] {
    const Pair pair = net::test::connected_pair();
    const net::test::Deaf gone(pair.client);
    set_tcp(pair.server, TCP_KEEPIDLE, 1);
    set_tcp(pair.server, TCP_KEEPINTVL, 1);
    set_tcp(pair.server, TCP_KEEPCNT, 1);
    const std::string here = local(pair.server);
    const int on = 1;
    ASSERT_EQ(::setsockopt(pair.server.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on), 0);
    const TcpEvent sent = expect_sent("TCP_KEEPALIVE_TIMEOUT", here, local(pair.client));
    expect_mine(sent);
    if (by_programs()) {
      EXPECT_EQ(sent.caller.pid, 0U) << "a timer caused it, in the interrupted process";
    }
  });
}

TEST_P(Reasons, orphans_beyond_the_limit_are_abort_on_memory) {
  bool has_limit = false;
  watched([&] {
    std::ofstream limit("/proc/sys/net/ipv4/tcp_max_orphans");
    has_limit = limit.is_open();
    if (!has_limit) return;
    limit << 0 << std::flush;
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    net::test::fill(pair.server);
    pair.server.close();
    expect_sent("TCP_ABORT_ON_MEMORY", here, there);
  });
  if (!has_limit && !IsSkipped())
    GTEST_SKIP() << "this kernel has net.ipv4.tcp_max_orphans and tcp_mem for the whole host alone, which a test does "
                    "not change";
}

TEST_P(Reasons, a_connection_rests_in_time_wait_and_its_port_is_taken_again) {
  watched([&] {
    const Descriptor listening = net::test::listener();
    const net::Address to = net::local_address(listening.get());
    net::Address from = *net::Address::parse("127.0.0.1", 0);
    const auto connect = [&] {
      Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int on = 1;
      ::setsockopt(client.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      EXPECT_EQ(::bind(client.get(), from.data(), from.size()), 0);
      return ::connect(client.get(), to.data(), to.size()) == 0 ? std::move(client) : Descriptor();
    };
    Descriptor first = connect();
    ASSERT_TRUE(first);
    from = net::local_address(first.get());
    Descriptor accepted = net::test::accept_one(listening);
    first.close();
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(accepted) == "CLOSE_WAIT"; }));
    accepted.close();
    wait_for(EventKind::time_wait, from.text(), to.text());
    if (!by_programs()) return;
    // With timestamps, a port that the program asked for is available again at once (net/ipv4/tcp_ipv4.c
    // tcp_twsk_unique).
    Descriptor second;
    ASSERT_TRUE(net::test::eventually([&] { return static_cast<bool>(second = connect()); }));
    const TcpEvent reused = wait_for(EventKind::port_reused, from.text(), to.text());
    ASSERT_TRUE(reused.age);
    EXPECT_GT(*reused.age, 0ns);
  });
}

TEST_P(Reasons, every_state_of_a_connection_is_told_in_order) {
  if (!by_programs()) GTEST_SKIP() << "only BPF programs report each state";
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    pair.server.close();
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.client) == "CLOSE_WAIT"; }));
    pair.client.close();
    wait_for(EventKind::time_wait, here, there);
    std::string states;
    for (const TcpEvent& each : events_)
      if (each.kind == EventKind::state_changed && each.local.text() == here && each.remote.text() == there)
        states +=
            std::string(states.empty() ? state_text(each.state) : "") + " " + std::string(state_text(each.new_state));
    // LISTEN comes first: the kernel makes the socket as a copy of the listening one (net/core/sock.c sk_clone_lock).
    EXPECT_EQ(states, "LISTEN SYN_RECV ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE");
  });
}

TEST_P(Reasons, a_reset_in_fin_wait2_is_no_time_wait) {
  if (!by_programs()) GTEST_SKIP() << "the kernel's text does not distinguish the two";
  watched([&] {
    Pair pair = net::test::connected_pair();
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    ASSERT_EQ(::shutdown(pair.server.get(), SHUT_WR), 0);
    ASSERT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "FIN_WAIT2"; }));
    set_linger_0(pair.client);
    pair.client.close();
    wait_for(EventKind::closed, here, there);
    for (const TcpEvent& each : events_) EXPECT_NE(each.kind, EventKind::time_wait);
  });
}

TEST_P(Reasons, a_user_timeout_sends_no_reset_and_is_told_as_a_close) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  watched([&] {
    const Pair pair = net::test::connected_pair();
    const net::test::Deaf gone(pair.client);
    set_tcp(pair.server, TCP_USER_TIMEOUT, 500);
    const std::string here = local(pair.server);
    const std::string there = local(pair.client);
    ASSERT_TRUE(net::test::send_all(pair.server, "lost"));
    const TcpEvent closed = wait_for(EventKind::closed, here, there);
    EXPECT_EQ(state_text(closed.state), "ESTABLISHED");
    if (by_programs()) {
      EXPECT_GE(wait_for(EventKind::timed_out, here, there).timeouts, 1U);
      ASSERT_TRUE(closed.queued);
      EXPECT_EQ(closed.queued->unacknowledged, 4U);
    }
    EXPECT_TRUE(resets_.empty());
  });
}

TEST_P(Reasons, an_ack_for_a_listener_is_tcp_flags) {
  watched([&] {
    const Descriptor listening = net::test::listener();
    const auto port = net::local_address(listening.get()).port();
    test::Forged ack;
    ack.from_port = 9;
    ack.to_port = port;
    ack.sequence = 7;
    ack.acknowledgement = 8;
    ack.flags = test::kAck;
    if (!test::send_forged(ack)) GTEST_SKIP() << "no raw sockets here";
    // tracefs reports the socket's own addresses, and a listener has no peer.
    const std::string here = local(listening);
    const TcpEvent sent = by_programs() ? expect_sent("TCP_FLAGS", here, "127.0.0.1:9")
                                        : wait_for(EventKind::reset_sent, here, "0.0.0.0:0");
    EXPECT_EQ(sent.reason, "TCP_FLAGS");
    if (by_programs()) {
      EXPECT_EQ(sent.owner.pid, static_cast<std::uint32_t>(::getpid())) << "the process that listens";
    }
  });
}

INSTANTIATE_TEST_SUITE_P(At, Reasons, ::testing::Values(Level::typed, Level::raw, Level::tracefs), level_name);

}  // namespace
}  // namespace lastbyte::kernel
