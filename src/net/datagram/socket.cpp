#include "net/datagram/socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "net/namespace/thread.h"
#include "net/socket/calls.h"
#include "net/socket/port_group.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

constexpr std::string_view kScheme = "udp:";

std::string named(const Address& address) { return std::string(kScheme) + address.text(); }

/// Kernels before 5.0 lack UDP_GRO and return one datagram at a time.
void want_coalescing(int fd) { set_integer(fd, IPPROTO_UDP, UDP_GRO, 1); }

constexpr const char* kNoPortLeft =
    "the local ports are used up; give more source addresses, or widen net.ipv4.ip_local_port_range";

Failure source_failure(const Address& to, const Source& source) {
  const int code = errno;
  const std::string operation = "bind source " + source.text() + " for " + named(to);
  if (code != EADDRINUSE) return failure(operation, code, bind_advice(code, source.address));
  if (source.is_fixed()) return failure(operation, code, "the source port is in use, and serves one session at a time");
  // If the kernel chooses the port, this error means that all are taken (net/ipv4/udp.c udp_lib_get_port).
  return failure(operation, EADDRNOTAVAIL, kNoPortLeft);
}

Failure connect_failure(const Address& to) {
  const int code = errno;
  const std::string operation = "connect " + named(to);
  // inet_dgram_connect() returns EAGAIN only if no port is left (net/ipv4/af_inet.c).
  if (code == EAGAIN) return failure(operation, EADDRNOTAVAIL, kNoPortLeft);
  // net/ipv6/addrconf.c ipv6_dev_get_saddr
  return failure(operation, code, code == EADDRNOTAVAIL ? "this machine has no address to reach it from" : "");
}

/// Makes the socket and does everything that does not involve the peer.
Result<Descriptor> socket_towards(const Address& to, const Source& source, const ConnectOptions& options,
                                  NamespaceThread* inside) {
  auto made = make_socket(to.family(), SOCK_DGRAM, inside);
  if (!made) return failure("connect " + named(to), made.error().code, std::move(made.error().detail));
  Options set(made->get(), kScheme, to);
  set_common(set, options.socket);
  if (options.transparent != Transparent::off) set_transparent(set, to.family());
  if (!options.socket.receive_buffer) set.datagram_buffer();
  if (source.ports) set.local_ports(*source.ports);
  if (auto done = set.result(); !done) return Failure(done.error());
  if (source.none()) return made;
  const Address& from = source.address;
  if (::bind(made->get(), from.data(), from.size()) != 0) return source_failure(to, source);
  return made;
}

}  // namespace

Result<void> prepare_datagram_listener(int fd, const Address& address) {
  Options set(fd, kScheme, address);
  // A socket bound to one address answers from it anyway.
  if (address.is_wildcard()) {
    if (address.family() == AF_INET6) {
      set.integer("IPV6_RECVPKTINFO", IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
      set.integer("IP_PKTINFO", IPPROTO_IP, IP_PKTINFO, 1);
    }
  }
  want_coalescing(fd);
  return set.result();
}

Result<std::vector<Descriptor>> listen_udp(const Address& address, const ListenOptions& options, int count) {
  // Prepare before bind(): datagrams may arrive right after it, and must carry their destination address.
  return make_port_group(Transport::udp, address, options, count,
                         [&](int fd) { return prepare_datagram_listener(fd, address); });
}

Result<Descriptor> connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside) {
  auto made = socket_towards(to, source, options, inside);
  if (!made) return made;
  if (::connect(made->get(), to.data(), to.size()) != 0) return connect_failure(to);
  // Nobody listens there: otherwise the port would not have been free.
  if (is_its_own_peer(made->get())) return failure("connect " + named(to), ECONNREFUSED);
  return made;
}

Result<void> check_connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside) {
  const auto made = socket_towards(to, source, options, inside);
  if (!made && made.error().code != EADDRINUSE) return Failure(made.error());
  return {};
}

void prepare_for_many_datagrams(int fd) { want_coalescing(fd); }

bool deafen(int fd) {
  // A connected UDP socket receives only from its peer (net/ipv4/udp.c compute_score) and may send to anybody. The
  // socket itself is a peer that nobody else can be; for a wildcard address, its loopback address is.
  const Address self = local_address(fd);
  return !self.none() && ::connect(fd, self.data(), self.size()) == 0;
}

bool has_segmentation() {
  static const bool kHas = [] {
    const Descriptor probe(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    int value = 0;
    socklen_t length = sizeof value;
    return probe && ::getsockopt(probe.get(), IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0;
  }();
  return kHas;
}

}  // namespace lastbyte::net
