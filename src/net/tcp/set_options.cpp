#include "net/tcp/set_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace lastbyte::net {

std::string tcp_name(const Address& address) { return std::string(kTcpScheme) + address.text(); }

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

}  // namespace lastbyte::net
