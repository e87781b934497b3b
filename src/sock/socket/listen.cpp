#include <sys/stat.h>

#include <cerrno>

#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/socket/knobs.h"

namespace lastbyte::sock {
namespace {

/// Returns whether the address is the file of a socket that no longer exists. The probe is a datagram socket:
/// connecting it to a live stream socket fails with EPROTOTYPE, and the owner notices nothing (net/unix/af_unix.c
/// unix_find_bsd).
bool is_dead_socket(const SockAddress& address) {
  struct stat what{};
  if (::stat(address.text().c_str(), &what) != 0 || !S_ISSOCK(what.st_mode)) return false;
  const Descriptor probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), address.data(), address.size()) != 0 && errno == ECONNREFUSED;
}

std::string_view advice(int code, const Options& options) {
  if (code == EACCES) return "ports below 1024 need CAP_NET_BIND_SERVICE";
  if (code != EADDRINUSE) return {};
  if (options.transport == Transport::unix_stream) {
    return options.reuse_address ? "another socket listens there"
                                 : "the file exists; -A replaces it if no socket listens on it";
  }
  // TIME_WAIT remembers whether its socket had SO_REUSEADDR: both sockets must have it
  // (net/ipv4/inet_connection_sock.c).
  return options.reuse_address
             ? "another socket holds the port, or connections in TIME_WAIT of a socket without -A do"
             : "another socket holds the port, or connections in TIME_WAIT do; for the latter, use -A on both sockets";
}

Outcome bind_or_replace(int fd, const Options& options, const SockAddress& address, const Narrator& narrator) {
  const auto bound = bind_socket(fd, address, narrator);
  const bool may_replace = address.family() == AF_UNIX && options.reuse_address;
  if (bound.error != EADDRINUSE || !may_replace || !is_dead_socket(address)) return bound;
  narrator.line("no socket listens on " + address.text() + ": replacing it");
  ::unlink(address.text().c_str());
  return bind_socket(fd, address, narrator);
}

}  // namespace

Result<Endpoint> listen_at(const Options& options, const SockAddress& address, const Narrator& narrator) {
  auto socket = make_socket(options, address, narrator);
  if (!socket) return Failure(socket.error());
  Endpoint endpoint;
  endpoint.socket = std::move(*socket);
  const int fd = endpoint.socket.get();
  auto outcome = bind_or_replace(fd, options, address, narrator);
  if (outcome.ok() && address.family() == AF_UNIX && !address.text().starts_with('@')) {
    endpoint.path = BoundPath(address.text());
  }
  if (outcome.ok() && options.transport != Transport::udp) outcome = listen_socket(fd, options.backlog, narrator);
  if (!outcome.ok()) {
    return failure("listen on " + address.text(), outcome.error, std::string(advice(outcome.error, options)));
  }
  endpoint.local = SockAddress::local_of(fd);
  narrator.line("listening on " + endpoint.local.text());
  return endpoint;
}

}  // namespace lastbyte::sock
