#include "sock/socket/knobs.h"

#include <linux/tcp.h>
#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "sock/socket/calls.h"

namespace lastbyte::sock {
namespace {

/// Sets options in turn and keeps the first error.
class Knobs {
 public:
  Knobs(int fd, const Narrator& narrator) : fd_(fd), narrator_(narrator) {}

  void turn(std::string_view name, int level, int option, int value) {
    if (!result_) return;
    keep(name, set_option(fd_, name, level, option, value, narrator_));
  }
  void turn_linger(const Linger& value) {
    if (!result_) return;
    const linger asked{value.on ? 1 : 0, static_cast<int>(value.time.count())};
    keep("SO_LINGER", set_linger(fd_, asked, narrator_));
  }
  [[nodiscard]] Result<void> result() const { return result_; }

 private:
  void keep(std::string_view name, const Outcome& outcome) {
    if (!outcome.ok()) result_ = failure("set " + std::string(name), outcome.error);
  }

  int fd_;
  const Narrator& narrator_;
  Result<void> result_;
};

int clamped(std::chrono::milliseconds time) {
  return static_cast<int>(std::min<Duration::rep>(time.count(), std::numeric_limits<int>::max()));
}

void turn_tcp(Knobs& knobs, const Options& options) {
  if (options.max_segment) knobs.turn("TCP_MAXSEG", IPPROTO_TCP, TCP_MAXSEG, *options.max_segment);
  if (options.nodelay) knobs.turn("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.user_timeout) {
    knobs.turn("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, clamped(*options.user_timeout));
  }
  if (options.keepalive) {
    knobs.turn("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
    knobs.turn("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(options.keepalive->idle.count()));
    knobs.turn("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(options.keepalive->interval.count()));
    knobs.turn("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, options.keepalive->count);
  }
  if (options.urgent_inline) knobs.turn("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1);
  if (options.fast_open && options.role == Role::server) {
    knobs.turn("TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, *options.fast_open);
  }
  // If the kernel holds a cookie of the peer, connect() then returns at once, and the SYN waits for the first send.
  if (options.fast_open && options.role != Role::server) {
    knobs.turn("TCP_FASTOPEN_CONNECT", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
  }
}

void turn_ip(Knobs& knobs, const Options& options, bool v6) {
  const auto turn = [&](const std::optional<int>& value, const char* name4, int option4, const char* name6,
                        int option6) {
    if (value) knobs.turn(v6 ? name6 : name4, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? option6 : option4, *value);
  };
  turn(options.ttl, "IP_TTL", IP_TTL, "IPV6_UNICAST_HOPS", IPV6_UNICAST_HOPS);
  turn(options.min_ttl, "IP_MINTTL", IP_MINTTL, "IPV6_MINHOPCOUNT", IPV6_MINHOPCOUNT);
  turn(options.tos, "IP_TOS", IP_TOS, "IPV6_TCLASS", IPV6_TCLASS);
  if (options.broadcast) knobs.turn("SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1);
  if (options.dont_route) knobs.turn("SO_DONTROUTE", SOL_SOCKET, SO_DONTROUTE, 1);
}

}  // namespace

Result<Descriptor> make_socket(const Options& options, const SockAddress& address, const Narrator& narrator) {
  Outcome outcome;
  const int type = options.transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
  auto socket = open_socket(address.family(), type, narrator, outcome);
  if (!socket) return failure("make a socket for " + address.text(), outcome.error);
  Knobs knobs(socket.get(), narrator);
  if (address.family() != AF_UNIX) {
    if (options.reuse_address) knobs.turn("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) knobs.turn("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1);
    turn_ip(knobs, options, address.family() == AF_INET6);
  }
  if (address.family() == AF_INET6 && options.role == Role::server) {
    knobs.turn("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1);
  }
  // Set the buffers before the SYN is sent or answered: the window scale is chosen then (tcp(7)).
  if (options.receive_buffer) knobs.turn("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, *options.receive_buffer);
  if (options.send_buffer) knobs.turn("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, *options.send_buffer);
  if (options.linger) knobs.turn_linger(*options.linger);
  if (options.transport == Transport::tcp) turn_tcp(knobs, options);
  if (auto done = knobs.result(); !done) return Failure(done.error());
  return socket;
}

}  // namespace lastbyte::sock
