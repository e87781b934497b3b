#include "net/socket/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "net/namespace/thread.h"
#include "net/socket/buffers.h"
#include "net/socket/passing.h"
#include "net/socket/port_group.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

std::string named(const Address& address) { return "tcp:" + address.text(); }

/// Those of the options that must stand before bind(), listen() or connect().
void set_early(Options& set, const SocketOptions& options) {
  set_common(set, options);
  if (options.user_timeout) {
    set.integer("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, clamped(*options.user_timeout));
  }
}

void set_keepalive(Options& set, const Keepalive& keepalive) {
  if (!keepalive.enabled) return;
  set.integer("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
  set.integer("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, clamped(keepalive.idle));
  set.integer("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, clamped(keepalive.interval));
  set.integer("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
}

Failure bind_failure(const Address& address) {
  const int code = errno;
  return failure("listen on " + named(address), code, bind_advice(code, address));
}

Result<Descriptor> listening_socket(const Address& address, const ListenOptions& options, PortSharing sharing) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return failure_from_errno("make a socket for " + named(address));
  Options set(socket.get(), named(address));
  // Without it the sessions in TIME_WAIT of an earlier run would hold the port for a minute.
  set.integer("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) set.integer("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (options.freebind) set_freebind(set, address.family());
  if (sharing == PortSharing::now) set.integer("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1);
  set_early(set, options.socket);
  if (auto done = set.result(); !done) return Failure(done.error());
  if (auto done = apply_listen_options(socket.get(), address, options); !done) return Failure(done.error());
  if (::bind(socket.get(), address.data(), address.size()) != 0) return bind_failure(address);
  if (::listen(socket.get(), options.backlog) != 0) return bind_failure(address);
  return socket;
}

std::string connect_advice(int code, const Address& source) {
  if (code != EADDRNOTAVAIL) return {};
  if (!source.none() && source.port() != 0) return "the source port is in use towards this destination";
  return "the local ports towards this destination are used up; give more source addresses, or widen "
         "net.ipv4.ip_local_port_range";
}

Result<void> bind_source(int fd, const Address& to, const Address& source) {
  Options set(fd, named(to));
  if (source.port() == 0) {
    // Otherwise bind() takes the port for all destinations at once (net/ipv4/inet_connection_sock.c; T13).
    set.integer("IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  } else {
    // One source port serves several destinations only so.
    set.integer("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (auto done = set.result(); !done) return done;
  if (::bind(fd, source.data(), source.size()) != 0) {
    const int code = errno;
    return failure("bind source " + source.text() + " for " + named(to), code, bind_advice(code, source));
  }
  return {};
}

}  // namespace

Result<void> apply_listen_options(int fd, const Address& address, const ListenOptions& options) {
  if (address.is_unix()) return {};  // they are TCP's
  Options set(fd, named(address));
  set.integer("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1);
  if (options.socket.nodelay) set.integer("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
  set_keepalive(set, options.socket.keepalive);
  if (options.defer_accept) {
    set.integer("TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, clamped(*options.defer_accept));
  }
  if (options.fast_open) set.integer("TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, *options.fast_open);
  return set.result();
}

void share_port(int fd) { set_integer(fd, SOL_SOCKET, SO_REUSEPORT, 1); }

bool can_change(const ListenOptions& from, const ListenOptions& to) {
  const bool buffers_stay_sized =
      (!from.socket.send_buffer || to.socket.send_buffer) && (!from.socket.receive_buffer || to.socket.receive_buffer);
  return from.socket.interface == to.socket.interface && (buffers_stay_sized || can_take_buffers_back());
}

namespace {

Result<void> change_tcp_options(int fd, const Address& address, const ListenOptions& from, const ListenOptions& to) {
  Options set(fd, named(address));
  set_changed(set, from.socket, to.socket);
  if (from.socket.user_timeout != to.socket.user_timeout) {
    const auto timeout = to.socket.user_timeout.value_or(std::chrono::milliseconds(0));
    set.integer("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, clamped(timeout));
  }
  if (!to.socket.nodelay) set.integer("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 0);
  if (!to.socket.keepalive.enabled) set.integer("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 0);
  if (!to.defer_accept) set.integer("TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, 0);
  if (from.fast_open && !to.fast_open) set.integer("TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, 0);
  if (from.reuse_port != to.reuse_port && to.reuse_port) set.integer("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1);
  if (auto done = set.result(); !done) return done;
  return apply_listen_options(fd, address, to);
}

}  // namespace

Result<void> change_listen_options(int fd, const Address& address, const ListenOptions& from, const ListenOptions& to) {
  if (!address.is_unix()) {
    if (auto done = change_tcp_options(fd, address, from, to); !done) return done;
  } else if (from.takes_descriptors != to.takes_descriptors) {
    let_descriptors_pass(fd, to.takes_descriptors);
  }
  // On a socket that listens already this sets the backlog and nothing else (net/ipv4/af_inet.c inet_listen,
  // net/unix/af_unix.c unix_listen).
  if (from.backlog != to.backlog && ::listen(fd, to.backlog) != 0) return bind_failure(address);
  return {};
}

Result<std::vector<Descriptor>> listen_on(const Address& address, const ListenOptions& options, int count) {
  return make_port_group(address, options.reuse_port, count, [&](const Address& bound, PortSharing sharing) {
    return listening_socket(bound, options, sharing);
  });
}

namespace {

/// As far as it goes without the peer.
Result<Descriptor> socket_towards(const Address& to, const Address& source, const ConnectOptions& options,
                                  NamespaceThread* inside) {
  auto made = make_socket(to.family(), SOCK_STREAM, inside);
  if (!made) return failure("connect " + named(to), made.error().code, std::move(made.error().detail));
  Options set(made->get(), named(to));
  set_early(set, options.socket);
  if (options.transparent != Transparent::off) set_transparent(set, to.family());
  if (auto done = set.result(); !done) return Failure(done.error());
  if (!source.none()) {
    if (auto bound = bind_source(made->get(), to, source); !bound) return Failure(bound.error());
  }
  return made;
}

}  // namespace

Result<Connecting> start_connecting(const Address& to, const Address& source, const ConnectOptions& options,
                                    std::span<const std::byte> early, NamespaceThread* inside) {
  auto made = socket_towards(to, source, options, inside);
  if (!made) return Failure(made.error());
  Connecting connecting{std::move(*made)};
  const int fd = connecting.socket.get();
  if (!early.empty()) {
    const ssize_t put = ::sendto(fd, early.data(), early.size(), MSG_FASTOPEN | MSG_NOSIGNAL, to.data(), to.size());
    if (put > 0) connecting.early = static_cast<std::size_t>(put);
    // EINPROGRESS: there is no cookie, and the SYN has asked for one.
    if (put >= 0 || errno == EINPROGRESS) return connecting;
    // net.ipv4.tcp_fastopen lacks bit 1; the connection is then made the ordinary way.
    if (errno != EOPNOTSUPP) {
      const int code = errno;
      return failure("connect " + named(to), code, connect_advice(code, source));
    }
  }
  if (::connect(fd, to.data(), to.size()) == 0) {
    connecting.connected = true;
  } else if (errno != EINPROGRESS) {
    const int code = errno;
    return failure("connect " + named(to), code, connect_advice(code, source));
  }
  return connecting;
}

Result<void> check_connecting(const Address& to, const Address& source, const ConnectOptions& options,
                              NamespaceThread* inside) {
  const auto made = socket_towards(to, source, options, inside);
  if (!made && made.error().code != EADDRINUSE) return Failure(made.error());
  return {};
}

bool in_handshake(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return false;
  return info.tcpi_state == TCP_SYN_SENT || info.tcpi_state == TCP_SYN_RECV;
}

void set_urgent_inline(int fd) { set_integer(fd, SOL_SOCKET, SO_OOBINLINE, 1); }

// The next two are advice to the kernel: on a TCP socket they fail only where the connection is gone already, and then
// the next read or write says so.
void set_nodelay(int fd) { set_integer(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void apply_keepalive(int fd, const Keepalive& keepalive) {
  Options set(fd, {});
  set_keepalive(set, keepalive);
}

std::uint32_t unacknowledged(int fd) {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::uint32_t>(bytes);
}

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

void reset_and_close(Descriptor& socket) {
  if (!socket) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  socket.close();
}

namespace {

/// `name`: getsockname(2) or getpeername(2).
template <typename Name>
Address address_by(Name name, int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (name(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Address::from_kernel(reinterpret_cast<sockaddr*>(&address), length);
}

}  // namespace

Address local_address(int fd) { return address_by(::getsockname, fd); }

bool is_its_own_peer(int fd) {
  const Address self = local_address(fd);
  return !self.none() && self == address_by(::getpeername, fd);
}

}  // namespace lastbyte::net
