// Setting socket options one after the other, with an error that names the one that failed; for the files that make
// sockets.
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

/// What a UDP socket may hold unread where `receive_buffer` says nothing, in bytes asked for (the kernel doubles it).
/// The kernel's own default holds less than 300 small datagrams: a millisecond and a half at 200,000 a second. Beyond
/// net.core.rmem_max it takes CAP_NET_ADMIN, and without that the kernel gives what it may.
inline constexpr int kDatagramReceiveBuffer = 4 * 1024 * 1024;

/// "tcp:", "udp:"; nothing for UNIX, whose addresses begin with "unix:" themselves.
std::string_view scheme_of(Transport transport);
/// "tcp:127.0.0.1:80", for errors.
std::string name_of(Transport transport, const Address& address);

/// The kernel takes int; a longer time would wrap to a short or negative one.
template <typename Rep, typename Period>
int clamped(std::chrono::duration<Rep, Period> time) {
  constexpr auto most = std::numeric_limits<int>::max();
  return time.count() > most ? most : static_cast<int>(time.count());
}

/// Sets options one after the other; the first that fails is kept, and nothing is tried after it.
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
  /// As on a fresh socket again: SO_SNDBUF, SO_RCVBUF or both (net::take_buffers_back()).
  void buffers_back(bool send, bool receive);
  /// The receive buffer of a UDP socket for which none is asked (kDatagramReceiveBuffer), as far as the kernel allows.
  void datagram_buffer();
  /// The range that the kernel chooses a local port from. The kernel ignores what lies outside of
  /// net.ipv4.ip_local_port_range, without an error (net/ipv4/inet_connection_sock.c inet_sk_get_local_port_range).
  void local_ports(const PortRange& ports);
  /// Of a socket that listens.
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

/// Sets the options of every transport: buffers, mark, interface. Before bind() and connect(): TCP's window scale is
/// chosen when the SYN is sent or answered (tcp(7)).
void set_common(Options& set, const SocketOptions& options);

/// TCP keepalive as asked; does nothing where it is not enabled.
void set_keepalive(Options& set, const Keepalive& keepalive);

/// Lets bind() take an address that is not this machine's.
void set_transparent(Options& set, int family);

/// Lets a listening socket be bound to an address before this machine has it. Before bind().
void set_freebind(Options& set, int family);

/// Advice for the operator after bind() failed with `code`; may be empty.
std::string bind_advice(int code, const Address& address);

}  // namespace lastbyte::net
