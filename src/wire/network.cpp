#include "wire/network.h"

#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>

#include "base/file.h"
#include "net/namespace/enter.h"
#include "wire/interface.h"
#include "wire/veth.h"

namespace lastbyte::wire {
namespace {

// Addresses reserved for tests of devices (RFC 2544). They are visible only inside the namespaces.
constexpr const char* kClientEnd = "198.18.1.1";
constexpr const char* kProxyEndToClient = "198.18.1.2";
constexpr const char* kProxyEndToServer = "198.18.2.1";
constexpr const char* kServerEnd = "198.18.2.2";
constexpr const char* kLoopback = "127.0.0.1";

net::Address host(const char* ip) { return *net::Address::parse(ip, 0); }

/// Sets a sysctl in the calling thread's network namespace.
bool set_kernel(const std::string& name, const std::string& value) {
  return write_file("/proc/sys/net/ipv4/" + name, value).has_value();
}

/// Makes the host `next`, at the other end of `device`, the default route.
bool route_all_through(const std::string& device, const char* next) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  rtentry route{};
  const auto any = host("0.0.0.0");
  std::memcpy(&route.rt_dst, any.data(), sizeof route.rt_dst);
  std::memcpy(&route.rt_genmask, any.data(), sizeof route.rt_genmask);
  const auto gateway = host(next);
  std::memcpy(&route.rt_gateway, gateway.data(), sizeof route.rt_gateway);
  std::string name = device;
  route.rt_dev = name.data();
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  return ::ioctl(socket.get(), SIOCADDRT, &route) == 0;
}

/// Runs a function in the namespace. It must return true.
Result<void> demand(int network, const std::string& what, const std::function<bool()>& function) {
  Result<void> outcome;
  const auto entered = net::run_inside(network, [&] {
    if (!function()) outcome = failure_from_errno(what);
  });
  return entered ? outcome : entered;
}

Result<Network> make_own() {
  auto network = Network::make_single();
  if (!network) return network;
  // 3 retransmissions take about 3 s. The default, about 15 minutes, is too long to wait for.
  const auto set = demand(network->proxy.get(), "set tcp_retries2", [] { return set_kernel("tcp_retries2", "3"); });
  if (!set) return Failure(set.error());
  return network;
}

/// One end of what joins two namespaces.
struct Side {
  int network;
  const char* device;
  const char* own;
  const char* peer;
};
using Join = std::function<Result<void>(Network& network, const Side& one, const Side& other)>;

/// client ---- proxy ---- server. The proxy's host also forwards packets, so that a proxy can be compared with plain
/// TCP over the same links.
Result<Network> make_chain(const Join& join) {
  Network network;
  for (Descriptor* each : {&network.client, &network.proxy, &network.server}) {
    auto made = make_namespace();
    if (!made) return Failure(made.error());
    *each = std::move(*made);
  }
  const auto routed =
      join(network, {network.client.get(), "lb-client", kClientEnd, kProxyEndToClient},
           {network.proxy.get(), "lb-left", kProxyEndToClient, kClientEnd})
          .and_then([&] {
            return join(network, {network.proxy.get(), "lb-right", kProxyEndToServer, kServerEnd},
                        {network.server.get(), "lb-server", kServerEnd, kProxyEndToServer});
          })
          .and_then([&] {
            return demand(network.client.get(), "route lb-client",
                          [] { return route_all_through("lb-client", kProxyEndToClient); });
          })
          .and_then([&] {
            return demand(network.server.get(), "route lb-server",
                          [] { return route_all_through("lb-server", kProxyEndToServer); });
          })
          .and_then([&] {
            return demand(network.proxy.get(), "set ip_forward", [] { return set_kernel("ip_forward", "1"); });
          });
  if (!routed) return Failure(routed.error());
  network.proxy_host = host(kProxyEndToClient);
  network.server_host = host(kServerEnd);
  return network;
}

Result<Network> make_far_away(std::uint64_t seed) {
  const LinkProfile profile{.seed = seed};
  return make_chain([&](Network& network, const Side& one, const Side& other) -> Result<void> {
    auto link = LossyLink::start({one.network, one.device, one.own, one.peer},
                                 {other.network, other.device, other.own, other.peer}, profile);
    if (!link) return Failure(link.error());
    network.links.push_back(std::move(*link));
    return {};
  });
}

}  // namespace

Result<Descriptor> make_namespace() {
  Result<Descriptor> made = failure("network namespace", 0);
  // unshare(2) moves only the calling thread, so it runs on a thread of its own.
  std::thread([&made] {
    if (::unshare(CLONE_NEWNET) != 0) {
      made = failure_from_errno("unshare(CLONE_NEWNET)");
    } else if (const auto up = bring_up("lo"); !up) {
      made = Failure(up.error());
    } else {
      made = net::open_namespace({});
    }
  }).join();
  return made;
}

Result<Network> Network::make(Place place, std::uint64_t seed) {
  switch (place) {
    case Place::here: {
      Network network;
      network.proxy_host = network.server_host = host(kLoopback);
      return network;
    }
    case Place::own: return make_own();
    case Place::far_away: return make_far_away(seed);
  }
  return failure("network", EINVAL);
}

Result<Network> Network::make_single() {
  auto made = make_namespace();
  if (!made) return Failure(made.error());
  Network network;
  network.client = Descriptor(::fcntl(made->get(), F_DUPFD_CLOEXEC, 0));
  network.server = Descriptor(::fcntl(made->get(), F_DUPFD_CLOEXEC, 0));
  network.proxy = std::move(*made);
  network.proxy_host = network.server_host = host(kLoopback);
  return network;
}

Result<Network> Network::make_cabled() {
  return make_chain([](Network& /*network*/, const Side& one, const Side& other) {
    return join_by_veth({one.network, one.device, one.own}, {other.network, other.device, other.own});
  });
}

}  // namespace lastbyte::wire
