// bench: the two ends of a measured connection. This file: sockets over loopback, as both ends need them.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace lastbyte::bench {

/// A failure ends the program: a benchmark that goes on after an error measures something else.
[[noreturn]] void die(const std::string& what);
/// With the errno of this instant.
[[noreturn]] void die_errno(const std::string& what);

/// "127.0.0.1:8080"; IPv4 only.
sockaddr_in parse_address(const std::string& text);

/// Listens on 127.0.0.1, on a port that the kernel chooses.
Descriptor listen_on_loopback(std::uint16_t& port);

/// Connects and waits for it. Blocking with time-outs of 5 s; TCP_NODELAY. `source` is the last byte of 127.0.0.x to
/// connect from, 0 for the kernel's choice: several of them keep a flood of short sessions from running out of ports.
Descriptor connect_to(const sockaddr_in& address, std::uint8_t source = 0);

/// A UDP socket on 127.0.0.1, on a port that the kernel chooses.
Descriptor bind_on_loopback(std::uint16_t& port);
/// A connected one, with room for many answers.
Descriptor datagrams_to(const sockaddr_in& address);

void set_nonblocking(int fd);
/// Level-triggered.
void watch(int epoll, int fd, std::uint32_t events, std::uint64_t data);

/// One request and its answer of the same size, on a blocking socket.
void exchange(int fd, std::span<std::byte> message);

/// A message so small that the socket takes it whole.
void send_all(int fd, std::span<const std::byte> message);
/// Asks the origin's bulk port for so many bytes.
void ask_for(int fd, std::uint64_t bytes);
/// Receives so many bytes on a blocking socket, and forgets them.
void receive(int fd, std::span<std::byte> room, std::uint64_t bytes);

/// Closes the connection by a reset.
void reset(Descriptor& socket);

}  // namespace lastbyte::bench
