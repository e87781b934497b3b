// A TCP segment that no socket has sent: of an attacker, or of a host that is gone. Needs CAP_NET_RAW.
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

/// Sends it from the network namespace, which is a descriptor of one.
Result<void> inject(int network, const Injected& segment);

}  // namespace lastbyte::wire
