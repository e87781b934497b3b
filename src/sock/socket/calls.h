// The system calls on sockets, each told to the narrator as it returns.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/descriptor.h"
#include "sock/operator/narrator.h"
#include "sock/socket/address.h"

namespace lastbyte::sock {

/// Non-blocking and close-on-exec; empty when it failed, with the errno in `outcome`.
Descriptor open_socket(int family, int type, const Narrator& narrator, Outcome& outcome);
Outcome bind_socket(int fd, const SockAddress& address, const Narrator& narrator);
Outcome listen_socket(int fd, int backlog, const Narrator& narrator);
Outcome connect_socket(int fd, const SockAddress& address, const Narrator& narrator);
/// The new descriptor is the outcome's value, non-blocking; `peer` is filled.
Outcome accept_socket(int fd, SockAddress& peer, const Narrator& narrator);

/// An integer option, read back afterwards where the kernel holds another value than was asked for. `name` as in the
/// manual: "SO_RCVBUF".
Outcome set_option(int fd, std::string_view name, int level, int option, int value, const Narrator& narrator);
Outcome set_linger(int fd, const linger& value, const Narrator& narrator);
/// Takes SO_ERROR; the outcome's error is the socket's.
Outcome take_error(int fd, const Narrator& narrator);

Outcome receive(int fd, std::span<char> into, const Narrator& narrator);
/// TCP only: throws away up to `most` bytes of input without copying them (tcp(7), MSG_TRUNC).
Outcome receive_nothing(int fd, std::size_t most, const Narrator& narrator);
/// The urgent byte, where there is one.
Outcome receive_urgent(int fd, char& byte, const Narrator& narrator);
/// Never raises SIGPIPE.
Outcome send_bytes(int fd, std::span<const char> bytes, const Narrator& narrator);
Outcome send_urgent(int fd, char byte, const Narrator& narrator);

/// `from`: the sender. The value is the datagram's whole size, even where `into` was too small for it.
Outcome receive_datagram(int fd, std::span<char> into, SockAddress& from, const Narrator& narrator);
/// `to`: none() on a connected socket.
Outcome send_datagram(int fd, std::span<const char> bytes, const SockAddress& to, const Narrator& narrator);

Outcome shut_writing(int fd, const Narrator& narrator);
/// Tells how long it took where that was a millisecond or more: SO_LINGER makes it wait.
Outcome close_socket(Descriptor& socket, const Narrator& narrator);

}  // namespace lastbyte::sock
