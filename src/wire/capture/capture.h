// Captures the packets of one interface of a network namespace (packet(7)). Needs CAP_NET_RAW in that namespace.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::wire {

/// Wall-clock time, so that packets and system calls share one time line.
using Moment = std::chrono::sys_time<std::chrono::nanoseconds>;

struct Packet {
  Moment at;
  std::vector<std::byte> bytes;  ///< from the Ethernet header on; over loopback, that header is all zeros
};

/// The kernel buffers the packets until drain(); no thread has to read meanwhile. For one thread.
class Capture {
 public:
  /// `network`: descriptor of the namespace; -1: the calling thread's.
  static Result<Capture> start(int network, const std::string& interface);

  /// Returns the packets since the last call. A packet over loopback appears once.
  std::vector<Packet> drain();
  /// Returns the number of packets since the start that the buffer had no room for.
  [[nodiscard]] std::uint64_t lost();

 private:
  explicit Capture(Descriptor socket) : socket_(std::move(socket)) {}
  Descriptor socket_;
  std::uint64_t lost_ = 0;
};

}  // namespace lastbyte::wire
