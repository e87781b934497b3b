#include "net/socket/set_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket/buffers.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78  // of linux/in6.h, which conflicts with netinet/in.h
#endif

namespace lastbyte::net {

std::string_view scheme_of(Transport transport) {
  switch (transport) {
    case Transport::tcp: return "tcp:";
    case Transport::udp: return "udp:";
    case Transport::unix_stream: return "";
  }
  return "";
}

std::string name_of(Transport transport, const Address& address) {
  return std::string(scheme_of(transport)) + address.text();
}

bool set_integer(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

void Options::integer(const char* name, int level, int option, int value, const char* help) {
  if (error_.code == 0 && !set_integer(fd_, level, option, value)) fail(name, help);
}

void Options::text(const char* name, int level, int option, const std::string& value, const char* help) {
  if (error_.code != 0) return;
  if (::setsockopt(fd_, level, option, value.data(), static_cast<socklen_t>(value.size())) != 0) fail(name, help);
}

void Options::buffers_back(bool send, bool receive) {
  if (error_.code != 0 || (!send && !receive)) return;
  errno = take_buffers_back(fd_, send, receive);
  if (errno != 0) fail("SO_BUF_LOCK", "");
}

void Options::mark(std::uint32_t value) {
  integer("SO_MARK", SOL_SOCKET, SO_MARK, static_cast<int>(value), "it needs CAP_NET_ADMIN");
}

void Options::interface(const std::string& name) {
  text("SO_BINDTODEVICE", SOL_SOCKET, SO_BINDTODEVICE, name,
       "expected the name of a network interface of this machine");
}

void Options::datagram_buffer() {
  if (error_.code != 0 || set_integer(fd_, SOL_SOCKET, SO_RCVBUFFORCE, kDatagramReceiveBuffer)) return;
  set_integer(fd_, SOL_SOCKET, SO_RCVBUF, kDatagramReceiveBuffer);
}

void Options::local_ports(const PortRange& ports) {
  constexpr int kLocalPortRange = 51;  // IP_LOCAL_PORT_RANGE of linux/in.h, since Linux 6.3
  const auto both = static_cast<std::uint32_t>(ports.last) << 16U | ports.first;
  integer("IP_LOCAL_PORT_RANGE", IPPROTO_IP, kLocalPortRange, static_cast<int>(both), "it needs Linux 6.3");
}

void Options::backlog(int value) {
  if (error_.code == 0 && ::listen(fd_, value) != 0) fail("the backlog", "");
}

Result<void> Options::result() const {
  if (error_.code != 0) return Failure(error_);
  return {};
}

void Options::fail(const char* name, const char* help) {
  error_.code = errno;
  error_.operation = std::string("set ") + name;
  if (whose_ != nullptr) error_.operation.append(" for ").append(scheme_).append(whose_->text());
  error_.detail = help;
}

void set_common(Options& set, const SocketOptions& options) {
  if (options.send_buffer) set.integer("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, *options.send_buffer);
  if (options.receive_buffer) set.integer("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, *options.receive_buffer);
  if (options.mark) set.mark(*options.mark);
  if (!options.interface.empty()) set.interface(options.interface);
}

void set_keepalive(Options& set, const Keepalive& keepalive) {
  if (!keepalive.enabled) return;
  set.integer("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1);
  set.integer("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, clamped(keepalive.idle));
  set.integer("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, clamped(keepalive.interval));
  set.integer("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
}

void set_transparent(Options& set, int family) {
  const char* advice = "it needs CAP_NET_RAW";
  if (family == AF_INET) set.integer("IP_TRANSPARENT", IPPROTO_IP, IP_TRANSPARENT, 1, advice);
  if (family == AF_INET6) set.integer("IPV6_TRANSPARENT", IPPROTO_IPV6, IPV6_TRANSPARENT, 1, advice);
}

void set_freebind(Options& set, int family) {
  if (family == AF_INET) set.integer("IP_FREEBIND", IPPROTO_IP, IP_FREEBIND, 1);
  if (family == AF_INET6) set.integer("IPV6_FREEBIND", IPPROTO_IPV6, IPV6_FREEBIND, 1, "it needs Linux 4.15");
}

std::string bind_advice(int code, const Address& address) {
  switch (code) {
    case EACCES: return address.port() < 1024 ? "ports below 1024 need CAP_NET_BIND_SERVICE" : "";
    case EADDRINUSE:
      return "another socket uses it: a listener, or a connection in any state, TIME_WAIT included (ss -tuanp shows "
             "it)";
    case EADDRNOTAVAIL: return "no interface of this machine has the address";
    default: return "";
  }
}

}  // namespace lastbyte::net
