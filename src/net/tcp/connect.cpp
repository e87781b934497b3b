#include "net/tcp/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "net/namespace/thread.h"
#include "net/socket/set_options.h"
#include "net/tcp/connection.h"

namespace lastbyte::net {
namespace {

constexpr std::string_view kTcp = "tcp:";

std::string connect_advice(int code, const Source& source) {
  if (code != EADDRNOTAVAIL) return {};
  if (!source.none() && source.is_fixed()) return "the source port is in use towards this destination";
  if (source.ports)
    return "the ports of " + source.text() +
           " towards this destination are used up; give it a wider range, or more sources";
  return "the local ports towards this destination are used up; give more source addresses, or widen "
         "net.ipv4.ip_local_port_range";
}

Result<void> bind_source(int fd, const Address& to, const Source& source) {
  Options set(fd, kTcp, to);
  if (!source.is_fixed()) {
    // Without it, bind() takes the port for all destinations at once (net/ipv4/inet_connection_sock.c; T13).
    set.integer("IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (source.ports) set.local_ports(*source.ports);
  } else {
    // Without it, a source port serves only one destination.
    set.integer("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (auto done = set.result(); !done) return done;
  if (::bind(fd, source.address.data(), source.address.size()) != 0) {
    const int code = errno;
    return failure("bind source " + source.text() + " for " + name_of(Transport::tcp, to), code,
                   bind_advice(code, source.address));
  }
  return {};
}

/// Makes the socket and does everything that does not involve the peer.
Result<Descriptor> socket_towards(const Address& to, const Source& source, const ConnectOptions& options,
                                  NamespaceThread* inside) {
  auto made = make_socket(to.family(), SOCK_STREAM, inside);
  if (!made)
    return failure("connect " + name_of(Transport::tcp, to), made.error().code, std::move(made.error().detail));
  Options set(made->get(), kTcp, to);
  set_common(set, options.socket);
  if (options.socket.user_timeout)
    set.integer("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, clamped(*options.socket.user_timeout));
  if (options.transparent != Transparent::off) set_transparent(set, to.family());
  if (auto done = set.result(); !done) return Failure(done.error());
  if (!source.none()) {
    if (auto bound = bind_source(made->get(), to, source); !bound) return Failure(bound.error());
  }
  return made;
}

}  // namespace

Result<Connecting> connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               std::span<const std::byte> early, NamespaceThread* inside, HandshakeAck ack) {
  auto made = socket_towards(to, source, options, inside);
  if (!made) return Failure(made.error());
  Connecting connecting{std::move(*made)};
  const int fd = connecting.socket.get();
  if (!early.empty()) {
    const ssize_t put = ::sendto(fd, early.data(), early.size(), MSG_FASTOPEN | MSG_NOSIGNAL, to.data(), to.size());
    if (put > 0) connecting.early = static_cast<std::size_t>(put);
    // EINPROGRESS: there is no cookie, and the SYN has asked for one.
    if (put >= 0 || errno == EINPROGRESS) return connecting;
    // Bit 1 of net.ipv4.tcp_fastopen is not set; the connection is made without Fast Open.
    if (errno != EOPNOTSUPP) {
      const int code = errno;
      return failure("connect " + name_of(Transport::tcp, to), code, connect_advice(code, source));
    }
  }
  if (ack == HandshakeAck::put_off) put_off_handshake_ack(fd);
  if (::connect(fd, to.data(), to.size()) == 0) {
    connecting.connected = true;
  } else if (errno != EINPROGRESS) {
    const int code = errno;
    return failure("connect " + name_of(Transport::tcp, to), code, connect_advice(code, source));
  }
  return connecting;
}

Result<void> check_connect_tcp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside) {
  const auto made = socket_towards(to, source, options, inside);
  if (!made && made.error().code != EADDRINUSE) return Failure(made.error());
  return {};
}

}  // namespace lastbyte::net
