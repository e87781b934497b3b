// The options of listening sockets, one row each: the sockets that have it, the moment at which it is set, and whether
// a listening socket can take another value. All that is done to the options of listening sockets goes by these rows,
// so that a new option is one row and its set function.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {

/// Transports, as a set of bits.
enum : std::uint8_t { kOnTcp = 1, kOnUdp = 2, kOnUnix = 4, kOnIp = kOnTcp | kOnUdp, kOnStream = kOnTcp | kOnUnix };

/// What sets an option.
enum class Stage : std::uint8_t {
  before_bind,  ///< a system call before bind(2)
  listening,    ///< listen(2)
  port,         ///< port_group.h, for all sockets on the port together
  file,         ///< change_rights() of unix/listener.h, on the file of a path
  place,        ///< the caller: it decides where the socket is made
};

/// What a listening socket needs to take another value.
enum class Change : std::uint8_t {
  in_place,    ///< the same calls, at any time
  resize,      ///< likewise, but a size is taken back only where can_take_buffers_back()
  next_bind,   ///< nothing: only bind(2) reads it
  new_socket,  ///< another socket
  /// Another socket, if the new name stands for something else; the caller knows what names stand for.
  new_place,
};

struct ListenOption {
  std::string_view setting;  ///< its key, or the beginning of its keys; empty: it follows from other settings
  std::uint8_t on = 0;       ///< kOnTcp, ...
  Stage stage = Stage::before_bind;
  Change change = Change::in_place;
  bool for_passed = false;     ///< set on a socket that the service manager made; the rest is its unit's to set
  bool finds_address = false;  ///< decides whether bind(2) finds the address on this machine
  bool (*differs)(const ListenOptions&, const ListenOptions&) = nullptr;
  void (*copy)(const ListenOptions& from, ListenOptions& to) = nullptr;
  /// Gives a socket that has `from` what `to` says; null: the socket's state is not known. nullptr: `stage` sets it.
  void (*set)(Options&, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) = nullptr;
};

std::span<const ListenOption> listen_options();

/// Sets a new socket's options, before bind(2).
Result<void> set_listen_options(int fd, Transport transport, const Address& address, const ListenOptions& options);

/// Gives a listening socket that has `from` the options `to`, for connections that come from now on. nullopt: somebody
/// else made the socket, and nothing is known about it. Preconditions: can_change(from, to); the calling thread is in
/// the socket's network namespace.
Result<void> change_listen_options(int fd, Transport transport, const Address& address,
                                   const std::optional<ListenOptions>& from, const ListenOptions& to);

/// False: `to` takes a new socket. The interface is chosen when a socket is bound; before Linux 5.15 a buffer that was
/// sized once is not the kernel's to size again (SOCK_SNDBUF_LOCK, net/core/sock.c). What names of network namespaces
/// and root directories stand for is not compared.
bool can_change(Transport transport, const ListenOptions& from, const ListenOptions& to);

/// Those of the options that are set on a socket which the service manager made; all others have their default.
ListenOptions options_for_passed(const ListenOptions& options);

/// Those of the options that decide whether bind(2) finds an address; all others have their default.
ListenOptions options_to_find_address(const ListenOptions& options);
/// Sets them, on a socket that only looks for an address.
Result<void> set_options_to_find_address(int fd, Transport transport, const Address& address,
                                         const ListenOptions& options);

}  // namespace lastbyte::net
