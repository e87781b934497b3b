// Traffic that raises the kernel's counters and uses up limited resources.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "net/socket/calls.h"
#include "net/socket/deaf.h"
#include "tests/system/kernel/doctor/sickness.h"

namespace lastbyte::system_test {
namespace {

using enum Mending;
using net::test::eventually;
using net::test::Pair;

template <typename Value>
bool set_option(const Descriptor& socket, int level, int name, const Value& value) {
  return ::setsockopt(socket.get(), level, name, &value, sizeof value) == 0;
}

void close_with_a_reset(Descriptor& socket) {
  ASSERT_TRUE(set_option(socket, SOL_SOCKET, SO_LINGER, linger{1, 0}));
  socket.close();
}

/// Connects clients that receive nothing, and so never complete their handshake.
void connect_deaf(Patient& patient, const net::Address& to, int count) {
  for (int each = 0; each < count; ++each) {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ASSERT_EQ(net::set_deaf(client.get(), true), 0);
    ::connect(client.get(), to.data(), to.size());
    patient.keep(std::move(client));
  }
}

void overflow_a_listener(Patient& patient) {
  Descriptor listener = Patient::listener(80, 1);
  const net::Address address = net::local_address(listener.get());
  for (int each = 0; each < 4; ++each) {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(client.get(), address.data(), address.size());
    patient.keep(std::move(client));
  }
  patient.keep(std::move(listener));
}

void fill_the_queue_of_handshakes(Patient& patient) {
  patient.set("ipv4/tcp_syncookies", "0");
  Descriptor listener = Patient::listener(80, 1);
  connect_deaf(patient, net::local_address(listener.get()), 8);
  patient.keep(std::move(listener));
}

void leave_unread(Patient& /*patient*/) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  EXPECT_TRUE(net::test::send_all(pair.client, "unread"));
  EXPECT_TRUE(eventually([&] { return net::test::unread(pair.server) == 6; }));
  pair.server.close();
}

void end_in_fin_wait2(Patient& patient) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  EXPECT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_LINGER2, -1));
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_TRUE(eventually([&] { return net::test::state(pair.client) == "FIN_WAIT2"; }));
  pair.client.close();
  patient.keep(std::move(pair.server));
}

void outlast_a_user_timeout(Patient& patient) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  EXPECT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 100));
  ASSERT_EQ(net::set_deaf(pair.server.get(), true), 0);
  EXPECT_TRUE(net::test::send_all(pair.client, "x"));
  EXPECT_TRUE(eventually([&] { return net::test::state(pair.client) == "CLOSE"; }));
  patient.keep(std::move(pair));
}

/// Listens, with a range of ten local ports.
Descriptor listener_with_few_ports(Patient& patient, const char* range = "50000 50009") {
  patient.set("ipv4/ip_local_port_range", range);
  return Patient::listener(80);
}

void spend_nine_ports(Patient& patient) {
  Descriptor listener = listener_with_few_ports(patient);
  for (int each = 0; each < 9; ++each) patient.keep(Patient::connection_to(listener));
  patient.keep(std::move(listener));
}

void rest_on_six_ports(Patient& patient) {
  Descriptor listener = listener_with_few_ports(patient);
  for (int each = 0; each < 6; ++each) EXPECT_TRUE(Patient::rest_in_time_wait(listener));
  patient.keep(std::move(listener));
}

void rest_with_few_buckets(Patient& patient, const char* buckets) {
  patient.set("ipv4/tcp_max_tw_buckets", buckets);
  const Descriptor listener = Patient::listener(80);
  for (int each = 0; each < 4; ++each) EXPECT_TRUE(Patient::rest_in_time_wait(listener));
}

void use_a_port_again(Patient& patient) {
  patient.set("ipv4/tcp_tw_reuse", "1");
  patient.set("ipv4/tcp_rfc1337", "1");
  Descriptor listener = listener_with_few_ports(patient, "50000 50000");
  EXPECT_TRUE(Patient::rest_in_time_wait(listener));
  const net::Address address = net::local_address(listener.get());
  EXPECT_TRUE(eventually([&] {
    Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(client.get(), address.data(), address.size()) != 0) return false;
    patient.keep(std::move(client));
    return true;
  }));
  patient.keep(net::test::accept_one(listener));
  patient.keep(std::move(listener));
}

/// Makes 60 connections and resets `resets` of them.
void reset_some(int resets) {
  const Descriptor listener = Patient::listener(80);
  for (int each = 0; each < 60; ++each) {
    Pair pair = Patient::connection_to(listener);
    if (each < resets) {
      close_with_a_reset(pair.server);
      EXPECT_EQ(net::test::receive(pair.client, 1), "ECONNRESET");
    }
  }
}

/// Sends a segment with an older timestamp than the peer has seen. TCP_REPAIR may set the clock back.
void turn_a_clock_back(Patient& patient) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  constexpr int kOffWithoutProbe = -1;
  std::uint32_t clock = 0;
  socklen_t size = sizeof clock;
  EXPECT_EQ(::getsockopt(pair.client.get(), IPPROTO_TCP, TCP_TIMESTAMP, &clock, &size), 0);
  clock = (clock - 100'000) & ~1U;  // the lowest bit would select microseconds
  if (!set_option(pair.client, IPPROTO_TCP, TCP_REPAIR, 1)) return patient.say_missing("no TCP_REPAIR here");
  EXPECT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_TIMESTAMP, clock));
  EXPECT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_REPAIR, kOffWithoutProbe));
  EXPECT_TRUE(net::test::send_all(pair.client, "late"));
  patient.keep(std::move(pair));
}

/// Sends some thousand segments, with a timeout for one in ten.
void lose_much(Patient& patient) {
  const Descriptor listener = Patient::listener(80);
  const Pair talking = Patient::connection_to(listener);
  for (int each = 0; each < 600; ++each) {
    EXPECT_TRUE(net::test::send_all(talking.client, "?") && net::test::receive(talking.server, 1) == "1");
    EXPECT_TRUE(net::test::send_all(talking.server, "!") && net::test::receive(talking.client, 1) == "1");
  }
  for (int each = 0; each < 120; ++each) {
    Pair pair = Patient::connection_to(listener);
    ASSERT_EQ(net::set_deaf(pair.server.get(), true), 0);
    EXPECT_TRUE(net::test::send_all(pair.client, "lost"));
    patient.keep(std::move(pair));
  }
}

/// Shrinks a buffer after its window was announced.
void shrink_a_buffer_below_the_window(Patient& patient) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  const std::string block(1000, 'x');
  EXPECT_TRUE(net::test::send_all(pair.client, block));
  EXPECT_TRUE(eventually([&] { return net::test::unread(pair.server) == 1000; }));
  EXPECT_TRUE(set_option(pair.server, SOL_SOCKET, SO_RCVBUF, 1));
  EXPECT_TRUE(set_option(pair.client, IPPROTO_TCP, TCP_NODELAY, 1));
  for (int each = 0; each < 100; ++each) EXPECT_TRUE(net::test::send_all(pair.client, block));
  patient.keep(std::move(pair));
}

}  // namespace

std::vector<Sickness> traffic_sicknesses() {
  return {
      {"mtu-probing-off", lose_much, by_the_command, {"retransmissions"}},
      {"retransmissions", lose_much, not_by_a_command, {"mtu-probing-off"}},
      {"port-space", spend_nine_ports, by_the_command, {"port-range-narrow"}},
      {"time-wait-by-destination", rest_on_six_ports, not_by_a_command, {"port-range-narrow"}},
      {"time-wait-buckets", [](Patient& patient) { rest_with_few_buckets(patient, "5"); }, by_the_command},
      {"time-wait-overflow",
       [](Patient& patient) { rest_with_few_buckets(patient, "2"); },
       not_by_a_command,
       {"time-wait-buckets"}},
      {"listen-overflows", overflow_a_listener, not_by_a_command, {"listener-stalled"}},
      {"listen-drops", fill_the_queue_of_handshakes, not_by_a_command, {"syncookies-off", "request-queue-full"}},
      {"request-queue-full", fill_the_queue_of_handshakes, not_by_a_command, {"syncookies-off", "listen-drops"}},
      {"syn-cookies-sent",
       [](Patient& patient) {
         patient.set("ipv4/tcp_syncookies", "2");
         patient.keep(Patient::connection_to(Patient::listener(80)));
       }},
      {"abort-on-close", leave_unread},
      {"abort-on-data",
       [](Patient& /*patient*/) {
         Pair pair = Patient::connection_to(Patient::listener(80));
         close_with_a_reset(pair.server);
       }},
      {"abort-on-linger", end_in_fin_wait2},
      {"abort-on-timeout", outlast_a_user_timeout},
      {"ports-recycled", use_a_port_again, not_by_a_command, {"port-range-narrow", "port-space"}},
      {"resets-sent",
       [](Patient& /*patient*/) { reset_some(10); },
       not_by_a_command,
       {"resets-of-established", "abort-on-data"}},
      {"resets-of-established", [](Patient& /*patient*/) { reset_some(4); }, not_by_a_command, {"abort-on-data"}},
      {"paws", turn_a_clock_back},
      {"receive-pruned", shrink_a_buffer_below_the_window, not_by_a_command, {"zero-window"}},
  };
}

}  // namespace lastbyte::system_test
