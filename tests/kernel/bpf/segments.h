// Captures and forges segments on the loopback of the calling thread's network namespace. Both need CAP_NET_RAW.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::kernel::test {

struct Segment {
  std::string from;  ///< "127.0.0.1:80"
  std::string to;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;       ///< as in TCP's header
  std::uint32_t timestamp = 0;  ///< TSval, 0: none
};
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;

/// Captures all TCP over IPv4, from its construction on.
class Listening {
 public:
  Listening();
  explicit operator bool() const { return static_cast<bool>(socket_); }
  /// Returns all segments since the last call, each once.
  std::vector<Segment> take();
  /// Waits for the first segment that matches. Drops those before it.
  Segment wait_for(const std::function<bool(const Segment&)>& wanted);

 private:
  Descriptor socket_;
};

/// A segment to forge.
struct Forged {
  std::string from = "127.0.0.1";
  std::string to = "127.0.0.1";
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint32_t timestamp = 0;  ///< with the next field, a timestamps option; both 0: none
  std::uint32_t timestamp_echo = 0;
  std::vector<std::uint8_t> options = {};  ///< further ones
  std::string data = {};
};
bool send_forged(const Forged& segment);

}  // namespace lastbyte::kernel::test
