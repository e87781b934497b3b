// What a running lastbyte tells of its sessions that ended badly, and what that says about a reset of one of their
// sockets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/reset/event.h"

namespace lastbyte::trace {

/// One side of a session, whose socket did not end well. Words are those of session records.
struct EndedSide {
  std::uint32_t pid = 0;  ///< of the instance
  std::uint64_t session = 0;
  std::string forwarding = {};
  std::string side = {};   ///< "client", "upstream"
  std::string other = {};  ///< the other one
  std::uint64_t cookie = 0;
  std::string local = {};
  std::string peer = {};
  std::string end = {};
  std::string other_end = {};
  std::string limit = {};
  std::uint64_t delivered = 0;    ///< bytes of the other side that this side's peer has acknowledged
  std::uint64_t undelivered = 0;  ///< and those that it has not
};

/// The sides that a line of /v1/events tells of; none of any other line.
std::vector<EndedSide> ended_sides(std::string_view line, std::uint32_t pid);

enum class SentBy : std::uint8_t {
  peer,
  lastbyte,  ///< on purpose
  kernel,    ///< on lastbyte's behalf
};
std::string_view word(SentBy by);

/// Precondition: `event` is a reset of that side's socket.
SentBy sent_by(const kernel::TcpEvent& event, const EndedSide& side);

/// "lastbyte sent it: the upstream had reset first, 16,384 bytes were delivered before".
std::string cause(const kernel::TcpEvent& event, const EndedSide& side);

}  // namespace lastbyte::trace
