// A TCP segment, parsed from a packet. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace lastbyte::wire {

struct Segment {
  std::string source;       ///< the address without the port
  std::string destination;  ///< the address without the port
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;  ///< 0 without ACK
  std::uint32_t window = 0;        ///< as sent, unscaled
  std::uint32_t bytes = 0;         ///< of data
  bool syn = false;
  bool fin = false;
  bool rst = false;
  bool ack = false;
  bool psh = false;
  bool urg = false;
  std::optional<std::uint32_t> timestamp = {};  ///< TSval (RFC 7323)

  /// Returns whether the segment is an acknowledgement and nothing more.
  [[nodiscard]] bool only_acknowledges() const { return bytes == 0 && !syn && !fin && !rst; }
  /// "SYN", "SYN ACK", "1000 bytes", "1000 bytes FIN", "FIN", "RST", "ACK".
  [[nodiscard]] std::string text() const;
};

/// Parses an Ethernet frame with IPv4 or IPv6. nullopt: it carries no TCP, or is cut short.
std::optional<Segment> parse_segment(std::span<const std::byte> frame);

}  // namespace lastbyte::wire
