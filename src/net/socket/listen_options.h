// The options of listening sockets, one row each: which sockets have the option, when it is set, and whether a
// listening socket can take another value. All code that handles these options uses the table, so that a new option
// needs only a row and its set function.
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

/// What sets an option, and when.
enum class Stage : std::uint8_t {
  before_bind,  ///< a system call before bind(2)
  listening,    ///< listen(2)
  port,         ///< port_group.h, for all sockets on the port together
  file,         ///< change_rights() of unix/listener.h, on the socket file
  place,        ///< the caller, which decides where the socket is made
};

/// What a listening socket needs in order to take another value.
enum class Change : std::uint8_t {
  in_place,    ///< the same calls, at any time
  resize,      ///< likewise, but a size can be taken back only if can_take_buffers_back()
  next_bind,   ///< nothing: the next bind(2) reads it
  new_socket,  ///< another socket
  /// Another socket, if the new name stands for something else; the caller knows what names stand for.
  new_place,
};

struct ListenOption {
  std::string_view setting;  ///< its key, or the prefix of its keys; empty: other settings determine it
  std::uint8_t on = 0;       ///< kOnTcp, ...
  Stage stage = Stage::before_bind;
  Change change = Change::in_place;
  bool for_passed = false;     ///< set on a socket from the service manager; the other options are for its unit to set
  bool finds_address = false;  ///< decides whether bind(2) finds the address on this machine
  bool (*differs)(const ListenOptions&, const ListenOptions&) = nullptr;
  void (*copy)(const ListenOptions& from, ListenOptions& to) = nullptr;
  /// Changes a socket from `from` to `to`. `from` is null if the socket's state is not known. `set` is nullptr if
  /// `stage` sets the option.
  void (*set)(Options&, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) = nullptr;
};

std::span<const ListenOption> listen_options();

/// Sets a new socket's options, before bind(2).
Result<void> set_listen_options(int fd, Transport transport, const Address& address, const ListenOptions& options);

/// Changes the options of a listening socket from `from` to `to`, for connections that come from now on. nullopt:
/// another process made the socket, and its options are not known. Preconditions: can_change(from, to); the calling
/// thread is in the socket's network namespace.
Result<void> change_listen_options(int fd, Transport transport, const Address& address,
                                   const std::optional<ListenOptions>& from, const ListenOptions& to);

/// False: `to` needs a new socket. bind() fixes the interface. Before Linux 5.15 a buffer that was sized once cannot go
/// back to the kernel's sizing (SOCK_SNDBUF_LOCK, net/core/sock.c). Names of network namespaces and root directories
/// are not resolved for the comparison.
bool can_change(Transport transport, const ListenOptions& from, const ListenOptions& to);

/// Returns the options that apply to a socket from the service manager; all others have their default.
ListenOptions options_for_passed(const ListenOptions& options);

/// Returns the options that decide whether bind(2) finds an address; all others have their default.
ListenOptions options_to_find_address(const ListenOptions& options);
/// Sets these options on a socket that only looks for an address.
Result<void> set_options_to_find_address(int fd, Transport transport, const Address& address,
                                         const ListenOptions& options);

}  // namespace lastbyte::net
