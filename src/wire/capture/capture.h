// Packets as one interface of a network namespace sees them (packet(7)). Needs CAP_NET_RAW there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::wire {

/// Of the clock that tells the time of day, so that packets and calls stand on one time line.
using Moment = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Packet {
  Moment at;
  std::vector<std::byte> bytes;  ///< from the Ethernet header on; loopback has one as well, of zeros
};

/// The kernel keeps what it sees until drain(); nobody has to read meanwhile. One thread's.
class Capture {
 public:
  /// `network`: descriptor of the namespace; -1: the calling thread's.
  static Result<Capture> start(int network, const std::string& interface);

  /// All that has come since the last time. A packet over loopback comes once.
  std::vector<Packet> drain();
  /// Packets that found no room since the start.
  [[nodiscard]] std::uint64_t lost();

 private:
  explicit Capture(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
  std::uint64_t lost_ = 0;
};

}  // namespace lastbyte::wire
