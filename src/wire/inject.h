// Sends a TCP segment that no socket has sent, as an attacker or a restarted host would. Needs CAP_NET_RAW.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::wire {

struct Injected {
  net::Address from;  ///< IPv4
  net::Address to;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  bool syn = false;
  bool rst = false;
  bool ack = false;
  std::optional<std::uint32_t> timestamp = {};  ///< TSval (RFC 7323)
};

/// Sends the segment from the network namespace. `network`: its descriptor.
Result<void> inject(int network, const Injected& segment);

}  // namespace lastbyte::wire
