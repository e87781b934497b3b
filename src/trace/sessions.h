// Reads what a running lastbyte reports about sessions that ended badly, and what that says about a reset of one of
// their sockets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/reset/event.h"

namespace lastbyte::trace {

/// One side of a session whose socket did not end well. Words are those of session records.
struct EndedSide {
  std::uint32_t pid = 0;  ///< the instance's pid
  std::uint64_t session = 0;
  std::string forwarding = {};
  std::string side = {};   ///< "client" or "upstream"
  std::string other = {};  ///< the opposite of `side`
  std::uint64_t cookie = 0;
  std::string local = {};
  std::string peer = {};
  std::string end = {};
  std::string other_end = {};
  std::string limit = {};
  std::uint64_t delivered = 0;    ///< bytes from the other side that this side's peer has acknowledged
  std::uint64_t undelivered = 0;  ///< bytes from the other side that this side's peer has not acknowledged
};

/// Parses a line of /v1/events. Returns the sides that it reports; empty for any other line.
std::vector<EndedSide> ended_sides(std::string_view line, std::uint32_t pid);

enum class SentBy : std::uint8_t {
  peer,
  lastbyte,  ///< lastbyte, on purpose
  kernel,    ///< the kernel, on lastbyte's behalf
};
std::string_view word(SentBy by);

/// Precondition: `event` is a reset of that side's socket.
SentBy sent_by(const kernel::TcpEvent& event, const EndedSide& side);

/// "lastbyte sent it: the upstream had reset first, 16,384 bytes were delivered before".
std::string cause(const kernel::TcpEvent& event, const EndedSide& side);

}  // namespace lastbyte::trace
