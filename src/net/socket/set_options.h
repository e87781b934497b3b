// Sets socket options one after the other and names the option that failed. For the files that make sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/address/ports.h"
#include "net/socket/options.h"

namespace lastbyte::net {

bool set_integer(int fd, int level, int option, int value);

/// The receive buffer of a UDP socket without `receive_buffer`, in bytes requested (the kernel doubles it). The
/// kernel's default holds fewer than 300 small datagrams: a millisecond and a half at 200,000 a second. A buffer above
/// net.core.rmem_max needs CAP_NET_ADMIN; without it the kernel gives the largest size allowed.
inline constexpr int kDatagramReceiveBuffer = 4 * 1024 * 1024;

/// "tcp:" or "udp:"; empty for UNIX, whose addresses include "unix:".
std::string_view scheme_of(Transport transport);
/// "tcp:127.0.0.1:80", for error messages.
std::string name_of(Transport transport, const Address& address);

/// Clamps a time to the kernel's int; a longer time would wrap to a short or negative one.
template <typename Rep, typename Period>
int clamped(std::chrono::duration<Rep, Period> time) {
  constexpr auto most = std::numeric_limits<int>::max();
  return time.count() > most ? most : static_cast<int>(time.count());
}

/// Sets options one after the other. It keeps the first failure and then sets nothing more.
class Options {
 public:
  /// `scheme` ("tcp:") and `whose` are for the error's text, which is made only if there is one: sockets are made on
  /// the way of every session. Both must outlive this object.
  Options(int fd, std::string_view scheme, const Address& whose) : fd_(fd), scheme_(scheme), whose_(&whose) {}
  /// For a caller that does not look at result().
  explicit Options(int fd) : fd_(fd) {}

  void integer(const char* name, int level, int option, int value, const char* help = "");
  void text(const char* name, int level, int option, const std::string& value, const char* help);

  void mark(std::uint32_t value);
  void interface(const std::string& name);
  /// Resets SO_SNDBUF, SO_RCVBUF or both to a fresh socket's state (net::take_buffers_back()).
  void buffers_back(bool send, bool receive);
  /// Sets the receive buffer of a UDP socket that has no setting for it (kDatagramReceiveBuffer), up to the kernel's
  /// limit.
  void datagram_buffer();
  /// Sets the range from which the kernel chooses a local port. The kernel silently ignores what lies outside of
  /// net.ipv4.ip_local_port_range (net/ipv4/inet_connection_sock.c inet_sk_get_local_port_range).
  void local_ports(const PortRange& ports);
  /// Sets the backlog of a socket that listens already.
  void backlog(int value);

  [[nodiscard]] Result<void> result() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  void fail(const char* name, const char* help);

  int fd_;
  std::string_view scheme_;
  const Address* whose_ = nullptr;
  Error error_;
};

/// Sets the options of every transport: buffers, mark, interface. Call it before bind() and connect(): TCP chooses its
/// window scale when the SYN is sent or answered (tcp(7)).
void set_common(Options& set, const SocketOptions& options);

/// Sets TCP keepalive; does nothing if it is not enabled.
void set_keepalive(Options& set, const Keepalive& keepalive);

/// Allows bind() to an address that is not this machine's.
void set_transparent(Options& set, int family);

/// Allows a listening socket to bind to an address before this machine has it. Call it before bind().
void set_freebind(Options& set, int family);

/// Advice for the operator after bind() has failed with `code`; may be empty.
std::string bind_advice(int code, const Address& address);

}  // namespace lastbyte::net
