#include "net/tcp/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "net/socket/buffers.h"
#include "net/socket/passing.h"
#include "net/socket/port_group.h"
#include "net/socket/set_options.h"
#include "net/tcp/set_options.h"

namespace lastbyte::net {
namespace {

Failure bind_failure(const Address& address) {
  const int code = errno;
  return failure("listen on " + tcp_name(address), code, bind_advice(code, address));
}

Result<Descriptor> listening_socket(const Address& address, const ListenOptions& options, PortSharing sharing) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return failure_from_errno("make a socket for " + tcp_name(address));
  Options set(socket.get(), kTcpScheme, address);
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

}  // namespace

Result<void> apply_listen_options(int fd, const Address& address, const ListenOptions& options) {
  if (address.is_unix()) return {};  // they are TCP's
  Options set(fd, kTcpScheme, address);
  set.integer("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1);
  if (options.socket.nodelay) set.integer("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
  set_keepalive(set, options.socket.keepalive);
  if (options.defer_accept) {
    set.integer("TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, clamped(*options.defer_accept));
  }
  if (options.fast_open) set.integer("TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, *options.fast_open);
  return set.result();
}

bool can_change(const ListenOptions& from, const ListenOptions& to) {
  const bool buffers_stay_sized =
      (!from.socket.send_buffer || to.socket.send_buffer) && (!from.socket.receive_buffer || to.socket.receive_buffer);
  return from.socket.interface == to.socket.interface && (buffers_stay_sized || can_take_buffers_back());
}

namespace {

Result<void> change_tcp_options(int fd, const Address& address, const ListenOptions& from, const ListenOptions& to) {
  Options set(fd, kTcpScheme, address);
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

Result<std::vector<Descriptor>> listen_tcp(const Address& address, const ListenOptions& options, int count) {
  return make_port_group(address, options.reuse_port, count, [&](const Address& bound, PortSharing sharing) {
    return listening_socket(bound, options, sharing);
  });
}

}  // namespace lastbyte::net
