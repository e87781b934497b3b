// Socket options, per side of a forwarding. An option that is not set keeps the kernel's value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/source.h"
#include "net/names/namespace.h"
#include "net/names/root.h"

namespace lastbyte::net {

/// TCP keepalive detects peers that vanished while idle (T8).
struct Keepalive {
  bool enabled = true;
  std::chrono::seconds idle{60};      ///< TCP_KEEPIDLE
  std::chrono::seconds interval{10};  ///< TCP_KEEPINTVL
  int count = 6;                      ///< TCP_KEEPCNT

  friend bool operator==(const Keepalive&, const Keepalive&) = default;
};

/// Options of both sides. Accepted sockets inherit most of them from their listener (Linux copies them), so they cost
/// nothing per session on the client side.
struct SocketOptions {
  bool nodelay = true;
  Keepalive keepalive;
  /// TCP_USER_TIMEOUT. Off by default: it also kills a peer that keeps its window closed for longer, although the peer
  /// answers every probe (net/ipv4/tcp_timer.c tcp_probe_timer).
  std::optional<std::chrono::milliseconds> user_timeout;
  std::optional<int> send_buffer;     ///< SO_SNDBUF, bytes requested; the kernel doubles it
  std::optional<int> receive_buffer;  ///< SO_RCVBUF, likewise
  std::optional<std::uint32_t> mark;  ///< SO_MARK; needs CAP_NET_ADMIN
  std::string interface;              ///< SO_BINDTODEVICE; empty: any

  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

/// The file of a listening UNIX socket. Properties that are not set are as bind(2) makes them, by this process's umask.
struct UnixFile {
  std::optional<std::uint32_t> mode;  ///< permission bits
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;

  friend bool operator==(const UnixFile&, const UnixFile&) = default;
};

struct ListenOptions {
  SocketOptions socket;
  int backlog = 4096;                                ///< the kernel caps it at net.core.somaxconn
  std::optional<std::chrono::seconds> defer_accept;  ///< TCP_DEFER_ACCEPT
  std::optional<int> fast_open;                      ///< TCP_FASTOPEN: length of its queue
  bool freebind = false;    ///< bind to an address that this machine lacks (IP_FREEBIND of ip(7))
  bool reuse_port = false;  ///< share the port with other processes on purpose (SO_REUSEPORT)
  UnixFile unix_file;
  bool takes_descriptors = true;  ///< UNIX: clients may pass some (SCM_RIGHTS). No setting; depends on the upstream
  NamespaceName netns;            ///< the network namespace to listen in
  RootName root;                  ///< UNIX: the root directory that contains the path

  friend bool operator==(const ListenOptions&, const ListenOptions&) = default;
};

/// Whether connections to the upstream come from the client's own address (IP_TRANSPARENT of ip(7)). The upstream's
/// answers must be routed back through this machine. Needs CAP_NET_RAW (or CAP_NET_ADMIN; net/ipv4/ip_sockglue.c).
enum class Transparent : std::uint8_t {
  off,
  ip,           ///< the client's address, a port of the kernel's choice
  ip_and_port,  ///< the client's address and port
};

struct ConnectOptions {
  SocketOptions socket;
  NamespaceName netns;  ///< the network namespace to connect in
  RootName root;        ///< UNIX: the root directory that contains the path
  Transparent transparent = Transparent::off;
  bool fast_open = false;  ///< TCP Fast Open, used if the client's first bytes arrive before the SYN is sent
  /// The addresses to connect from, taken in turn; empty: the kernel's choice. If the kernel chooses the port, it does
  /// so at connect() (IP_BIND_ADDRESS_NO_PORT), so that destinations share no pool of ports (T13).
  std::vector<Source> sources;

  friend bool operator==(const ConnectOptions&, const ConnectOptions&) = default;
};

}  // namespace lastbyte::net
