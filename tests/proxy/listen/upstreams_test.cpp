#include "proxy/listen/upstreams.h"

#include <gtest/gtest.h>

#include "net/datagram/socket.h"
#include "net/diag/port_use.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "proxy/listen/listeners.h"

namespace lastbyte::proxy {
namespace {

net::Address source(const char* ip) { return *net::Address::parse(ip, 0); }

net::ConnectOptions from(std::vector<net::Source> sources) {
  net::ConnectOptions options;
  options.sources = std::move(sources);
  return options;
}

net::ConnectOptions through(const char* interface) {
  net::ConnectOptions options;
  options.socket.interface = interface;
  return options;
}

Upstream upstream(const net::ConnectOptions& options, net::Transport transport = net::Transport::tcp) {
  relay::Forwarding forwarding;
  forwarding.name = "web";
  forwarding.connect = net::Endpoint::tcp("127.0.0.1", 9);
  forwarding.connect.transport = transport;
  forwarding.upstream = options;
  return {std::make_shared<const relay::Forwarding>(forwarding), {*net::Address::parse("127.0.0.1", 9)}, nullptr};
}

std::string troubles_of(const net::ConnectOptions& options, net::Transport transport = net::Transport::tcp) {
  const auto troubles = check_upstreams({upstream(options, transport)});
  if (!troubles) return "error: " + troubles.error().front().error.text();
  std::string out;
  for (const Trouble& each : *troubles) out += each.error.text() + "\n";
  return out;
}

TEST(Upstreams, what_can_be_had_is_no_trouble) {
  EXPECT_EQ(troubles_of({}), "");
  EXPECT_EQ(troubles_of(from({source("127.0.0.1"), source("127.0.0.2")})), "");
  EXPECT_EQ(troubles_of(through("lo")), "");
}

TEST(Upstreams, a_source_that_is_no_address_of_this_machine_is_told_and_may_come_yet) {
  const std::string told = troubles_of(from({source("127.0.0.1"), source("192.0.2.77"), source("192.0.2.78")}));
  EXPECT_EQ(told,
            "forwarding 'web': bind source 192.0.2.77 for tcp:127.0.0.1:9: Cannot assign requested address "
            "(EADDRNOTAVAIL): no interface of this machine has the address; sessions from this source fail until that "
            "changes\n"
            "forwarding 'web': bind source 192.0.2.78 for tcp:127.0.0.1:9: Cannot assign requested address "
            "(EADDRNOTAVAIL): no interface of this machine has the address; sessions from this source fail until that "
            "changes\n");
}

TEST(Upstreams, a_trouble_of_a_udp_upstream_names_udp) {
  const std::string told = troubles_of(from({source("192.0.2.77")}), net::Transport::udp);
  EXPECT_EQ(told,
            "forwarding 'web': bind source 192.0.2.77 for udp:127.0.0.1:9: Cannot assign requested address "
            "(EADDRNOTAVAIL): no interface of this machine has the address; sessions from this source fail until that "
            "changes\n");
  EXPECT_TRUE(troubles_of(through("no-such-if"), net::Transport::udp)
                  .starts_with("forwarding 'web': set SO_BINDTODEVICE for udp:127.0.0.1:9: "));
}

TEST(Upstreams, a_udp_source_port_in_use_is_no_trouble) {
  const auto taken = net::listen_udp(source("127.0.0.1"), {}, 1);
  ASSERT_TRUE(taken);
  EXPECT_EQ(troubles_of(from({net::local_address(taken->front().get())}), net::Transport::udp), "");
}

TEST(Upstreams, sources_of_another_family_than_the_upstreams_are_not_needed) {
  EXPECT_EQ(troubles_of(from({source("2001:db8::77")})), "");
}

TEST(Upstreams, an_interface_that_is_not_there_is_told_and_may_come_yet) {
  const std::string told = troubles_of(through("no-such-if"));
  EXPECT_TRUE(told.starts_with("forwarding 'web': set SO_BINDTODEVICE for tcp:127.0.0.1:9: ")) << told;
  EXPECT_NE(told.find("(ENODEV): no interface has this name now"), std::string::npos) << told;
}

TEST(Upstreams, a_source_port_in_use_is_no_trouble) {
  auto listener = net::listen_tcp(source("127.0.0.1"), {}, 1);
  ASSERT_TRUE(listener);
  EXPECT_EQ(troubles_of(from({net::local_address(listener->front().get())})), "");
}

TEST(Upstreams, T13_a_range_of_ports_beyond_the_kernels_is_an_error) {
  const auto with_ports = [](std::uint16_t first, std::uint16_t last) {
    return from({net::Source(source("127.0.0.1"), net::PortRange{first, last})});
  };
  const auto kernels = net::local_port_range();
  ASSERT_TRUE(kernels);
  const std::string whole = std::to_string(kernels->first) + "-" + std::to_string(kernels->last);
  const auto below = static_cast<std::uint16_t>(kernels->first - 1);
  for (const net::Transport transport : {net::Transport::tcp, net::Transport::udp})
    EXPECT_EQ(troubles_of(with_ports(below, kernels->last), transport),
              "error: forwarding 'web': connect from 127.0.0.1:" + std::to_string(below) + "-" +
                  std::to_string(kernels->last) +
                  ": Numerical result out of range (ERANGE): its ports exceed net.ipv4.ip_local_port_range, " + whole +
                  ", so the kernel would ignore them; expected a part of that range");
  const std::string told = troubles_of(with_ports(kernels->first, kernels->last));
  if (told.find("it needs Linux 6.3") == std::string::npos) {
    EXPECT_EQ(told, "");
  }
}

TEST(Upstreams, are_one_a_forwarding_however_many_ports_it_has) {
  const Upstream one = upstream({});
  const Upstream two = upstream({});
  std::vector<Resolved> ports(3);
  ports[0].forwarding = ports[1].forwarding = one.forwarding;
  ports[2].forwarding = two.forwarding;
  for (Resolved& port : ports) port.upstream = one.addresses;
  const auto all = upstreams_of(ports);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].forwarding, one.forwarding);
  EXPECT_EQ(all[1].forwarding, two.forwarding);
}

}  // namespace
}  // namespace lastbyte::proxy
