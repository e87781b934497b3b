// bench: the two ends of a measured connection. This file: sockets over loopback for both ends.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace lastbyte::bench {

/// Prints the failure and ends the program: a benchmark that continues after an error measures something else.
[[noreturn]] void die(const std::string& what);
/// As die(), with the present errno.
[[noreturn]] void die_errno(const std::string& what);

/// "127.0.0.1:8080"; IPv4 only.
sockaddr_in parse_address(const std::string& text);

/// Listens on 127.0.0.1, on a port that the kernel chooses.
Descriptor listen_on_loopback(std::uint16_t& port);

/// Connects and waits for the result. The socket blocks, with timeouts of 5 s, and has TCP_NODELAY. `source` is the
/// last byte of the local address 127.0.0.x; 0: the kernel chooses. Several sources keep many short sessions from using
/// up all ports.
Descriptor connect_to(const sockaddr_in& address, std::uint8_t source = 0);

/// A UDP socket on 127.0.0.1, on a port that the kernel chooses.
Descriptor bind_on_loopback(std::uint16_t& port);
/// Makes a connected UDP socket with room for many answers.
Descriptor datagrams_to(const sockaddr_in& address);

void set_nonblocking(int fd);
/// Level-triggered.
void watch(int epoll, int fd, std::uint32_t events, std::uint64_t data);

/// One request and its answer of the same size, on a blocking socket.
void exchange(int fd, std::span<std::byte> message);

/// Sends a message that is small enough for one send().
void send_all(int fd, std::span<const std::byte> message);
/// Asks the origin's bulk port for `bytes` bytes.
void ask_for(int fd, std::uint64_t bytes);
/// Receives `bytes` bytes on a blocking socket and drops them.
void receive(int fd, std::span<std::byte> room, std::uint64_t bytes);

/// Closes the connection by a reset.
void reset(Descriptor& socket);

}  // namespace lastbyte::bench
