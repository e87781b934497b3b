// System calls on sockets. Each call is reported to the narrator when it returns.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/descriptor.h"
#include "sock/operator/narrator.h"
#include "sock/socket/address.h"

namespace lastbyte::sock {

/// Returns a non-blocking, close-on-exec socket; if the call fails, an empty descriptor, with the errno in `outcome`.
Descriptor open_socket(int family, int type, const Narrator& narrator, Outcome& outcome);
Outcome bind_socket(int fd, const SockAddress& address, const Narrator& narrator);
Outcome listen_socket(int fd, int backlog, const Narrator& narrator);
Outcome connect_socket(int fd, const SockAddress& address, const Narrator& narrator);
/// The outcome's value is the new, non-blocking descriptor. Sets `peer`.
Outcome accept_socket(int fd, SockAddress& peer, const Narrator& narrator);

/// Sets an integer option. If the kernel holds another value afterwards, the narrator reports it. `name`: as in the
/// manual, "SO_RCVBUF".
Outcome set_option(int fd, std::string_view name, int level, int option, int value, const Narrator& narrator);
Outcome set_linger(int fd, const linger& value, const Narrator& narrator);
/// Takes SO_ERROR. The outcome's error is the socket's error.
Outcome take_error(int fd, const Narrator& narrator);

Outcome receive(int fd, std::span<char> into, const Narrator& narrator);
/// TCP only. Drops up to `most` bytes of input without copying them (tcp(7), MSG_TRUNC).
Outcome receive_nothing(int fd, std::size_t most, const Narrator& narrator);
/// Reads the urgent byte, if there is one.
Outcome receive_urgent(int fd, char& byte, const Narrator& narrator);
/// Does not raise SIGPIPE.
Outcome send_bytes(int fd, std::span<const char> bytes, const Narrator& narrator);
Outcome send_urgent(int fd, char byte, const Narrator& narrator);

/// Sets `from` to the sender. The outcome's value is the whole size of the datagram, even if `into` is smaller.
Outcome receive_datagram(int fd, std::span<char> into, SockAddress& from, const Narrator& narrator);
/// `to`: none() on a connected socket.
Outcome send_datagram(int fd, std::span<const char> bytes, const SockAddress& to, const Narrator& narrator);

Outcome shut_writing(int fd, const Narrator& narrator);
/// Reports the duration of the call if it took a millisecond or more: SO_LINGER makes close() wait.
Outcome close_socket(Descriptor& socket, const Narrator& narrator);

}  // namespace lastbyte::sock
