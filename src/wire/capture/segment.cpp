#include "wire/capture/segment.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace lastbyte::wire {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::uint16_t kIp4 = 0x0800;
constexpr std::uint16_t kIp6 = 0x86dd;
constexpr unsigned kTcp = 6;
constexpr std::size_t kSmallestTcp = 20;

/// Reads numbers in network byte order; 0 after the end.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::uint32_t at(std::size_t offset, std::size_t width) const {
    std::uint32_t value = 0;
    for (std::size_t i = offset; i < offset + width; ++i)
      value = value << 8 | (i < bytes_.size() ? static_cast<std::uint32_t>(bytes_[i]) : 0);
    return value;
  }
  [[nodiscard]] std::span<const std::byte> from(std::size_t offset, std::size_t count) const {
    return bytes_.subspan(offset, count);
  }
  [[nodiscard]] Bytes behind(std::size_t offset) const {
    return Bytes(bytes_.subspan(std::min(offset, bytes_.size())));
  }

 private:
  std::span<const std::byte> bytes_;
};

std::string address_text(int family, std::span<const std::byte> address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address.data(), text.data(), text.size());
  return text.data();
}

std::optional<std::uint32_t> timestamp_of(const Bytes& tcp, std::size_t header) {
  for (std::size_t at = kSmallestTcp; at < header;) {
    const std::uint32_t kind = tcp.at(at, 1);
    if (kind == 0) return std::nullopt;
    if (kind == 1) {
      ++at;
      continue;
    }
    const std::uint32_t length = tcp.at(at + 1, 1);
    if (kind == 8 && length == 10) return tcp.at(at + 2, 4);
    if (length < 2) return std::nullopt;
    at += length;
  }
  return std::nullopt;
}

/// `length`: of the header and the data.
std::optional<Segment> parse_tcp(const Bytes& tcp, std::size_t length, Segment segment) {
  const std::size_t header = (tcp.at(12, 1) >> 4) * 4;
  if (header < kSmallestTcp || header > length || header > tcp.size()) return std::nullopt;
  const std::uint32_t flags = tcp.at(13, 1);
  segment.source_port = static_cast<std::uint16_t>(tcp.at(0, 2));
  segment.destination_port = static_cast<std::uint16_t>(tcp.at(2, 2));
  segment.sequence = tcp.at(4, 4);
  segment.fin = (flags & 0x01) != 0;
  segment.syn = (flags & 0x02) != 0;
  segment.rst = (flags & 0x04) != 0;
  segment.psh = (flags & 0x08) != 0;
  segment.ack = (flags & 0x10) != 0;
  segment.urg = (flags & 0x20) != 0;
  if (segment.ack) segment.acknowledged = tcp.at(8, 4);
  segment.window = tcp.at(14, 2);
  segment.bytes = static_cast<std::uint32_t>(length - header);
  segment.timestamp = timestamp_of(tcp, header);
  return segment;
}

}  // namespace

std::optional<Segment> parse_segment(std::span<const std::byte> frame) {
  const Bytes bytes(frame);
  if (bytes.size() < kEthernet + kSmallestTcp) return std::nullopt;
  const Bytes ip = bytes.behind(kEthernet);
  Segment segment;
  const std::uint32_t type = bytes.at(12, 2);
  if (type == kIp4) {
    const std::size_t header = (ip.at(0, 1) & 0x0f) * 4;
    const std::size_t total = ip.at(2, 2);
    if (ip.at(9, 1) != kTcp || header < 20 || ip.size() < header || total < header) return std::nullopt;
    segment.source = address_text(AF_INET, ip.from(12, 4));
    segment.destination = address_text(AF_INET, ip.from(16, 4));
    return parse_tcp(ip.behind(header), total - header, std::move(segment));
  }
  constexpr std::size_t kIp6Header = 40;
  if (type != kIp6 || ip.size() < kIp6Header || ip.at(6, 1) != kTcp) return std::nullopt;
  segment.source = address_text(AF_INET6, ip.from(8, 16));
  segment.destination = address_text(AF_INET6, ip.from(24, 16));
  return parse_tcp(ip.behind(kIp6Header), ip.at(4, 2), std::move(segment));
}

std::string Segment::text() const {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  if (syn) add(ack ? "SYN ACK" : "SYN");
  if (bytes != 0) add(std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"));
  if (fin) add("FIN");
  if (rst) add("RST");
  return out.empty() ? "ACK" : out;
}

}  // namespace lastbyte::wire
