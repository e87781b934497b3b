#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <utility>

#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/socket/knobs.h"

namespace lastbyte::sock {
namespace {

Result<void> bind_client(Endpoint& endpoint, const Options& options, const Narrator& narrator) {
  const auto local = find_local(options, endpoint.peer);
  if (!local) return Failure(local.error());
  if (local->none()) return {};
  const int fd = endpoint.socket.get();
  const bool port_is_free = options.local_service.empty() || options.local_service == "0";
  if (local->family() != AF_UNIX && port_is_free) {
    // connect() then chooses the port. It may share a port between destinations (net/ipv4/inet_connection_sock.c).
    set_option(fd, "IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, narrator);
  }
  const auto bound = bind_socket(fd, *local, narrator);
  if (!bound.ok()) return failure("bind " + local->text(), bound.error);
  if (local->family() == AF_UNIX && !options.local_host.starts_with('@')) endpoint.path = BoundPath(options.local_host);
  return {};
}

/// Waits for a connection attempt. Returns the socket's error, or that of the wait.
int outcome_of_connecting(int fd, const Options& options, const Narrator& narrator, const StopSignal& stop) {
  const auto deadline = options.timeout ? Clock::now() + *options.timeout : TimePoint::max();
  switch (wait_for(fd, POLLOUT, deadline, stop)) {
    case Wake::timed_out: return ETIMEDOUT;
    case Wake::stopped: return EINTR;
    case Wake::ready: return take_error(fd, narrator).error;
  }
  return 0;
}

Result<Endpoint> connect_one(const Options& options, const SockAddress& peer, const Narrator& narrator,
                             const StopSignal& stop) {
  auto socket = make_socket(options, peer, narrator);
  if (!socket) return Failure(socket.error());
  Endpoint endpoint;
  endpoint.socket = std::move(*socket);
  endpoint.peer = peer;
  if (auto bound = bind_client(endpoint, options, narrator); !bound) return Failure(bound.error());
  const int fd = endpoint.socket.get();
  auto error = connect_socket(fd, peer, narrator).error;
  endpoint.states.look(fd, narrator);
  if (error == EINPROGRESS) error = outcome_of_connecting(fd, options, narrator, stop);
  endpoint.states.look(fd, narrator);
  // A refused connection fails with ECONNREFUSED. These two errors come only after the handshake (net/ipv4/tcp_input.c
  // tcp_reset).
  if (error == ECONNRESET || error == EPIPE) endpoint.early_error = std::exchange(error, 0);
  if (error != 0) {
    close_socket(endpoint.socket, narrator);
    return failure("connect " + peer.text(), error);
  }
  endpoint.local = SockAddress::local_of(fd);
  narrator.line("connected " + endpoint.local.text() + " -> " + peer.text());
  return endpoint;
}

}  // namespace

Result<Endpoint> connect_to(const Options& options, const std::vector<SockAddress>& peers, const Narrator& narrator,
                            const StopSignal& stop) {
  Result<Endpoint> last = failure("connect", EADDRNOTAVAIL);
  for (const auto& peer : peers) {
    last = connect_one(options, peer, narrator, stop);
    if (last || stop.raised()) break;
  }
  return last;
}

}  // namespace lastbyte::sock
