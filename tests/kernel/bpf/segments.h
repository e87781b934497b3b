// Segments on the loopback of the calling thread's network namespace: seen, and forged. Both need CAP_NET_RAW.
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
inline constexpr std::uint8_t kAck = 0x10;

/// Hears all TCP over IPv4 from its beginning on.
class Listening {
 public:
  Listening();
  explicit operator bool() const { return static_cast<bool>(socket_); }
  /// All that came since the last call, each segment once.
  std::vector<Segment> take();
  /// Waits for the first segment for which it holds; those before are dropped.
  Segment wait_for(const std::function<bool(const Segment&)>& wanted);

 private:
  Descriptor socket_;
};

/// What to forge; addresses are 127.0.0.1.
struct Forged {
  std::uint16_t from_port = 0;
  std::uint16_t to_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint32_t timestamp = 0;  ///< with the next, a timestamps option; both 0: none
  std::uint32_t timestamp_echo = 0;
};
bool send_forged(const Forged& segment);

}  // namespace lastbyte::kernel::test
