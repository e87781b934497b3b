#include "wire/inject.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "base/descriptor.h"
#include "net/namespace/enter.h"

namespace lastbyte::wire {
namespace {

constexpr std::size_t kIpHeader = 20;
constexpr std::size_t kPlainTcp = 20;

void put16(std::string& out, std::uint32_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

std::uint32_t ip_of(const net::Address& address) {
  return ntohl(reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr.s_addr);
}

/// RFC 1071.
std::uint16_t checksum(const std::string& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t high = static_cast<unsigned char>(bytes[i]);
    const std::uint32_t low = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U;
    sum += high << 8 | low;
  }
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::string tcp_of(const Injected& segment) {
  std::string tcp;
  put16(tcp, segment.from.port());
  put16(tcp, segment.to.port());
  put32(tcp, segment.sequence);
  put32(tcp, segment.acknowledged);
  const std::size_t header = kPlainTcp + (segment.timestamp ? 12 : 0);
  const unsigned flags = (segment.syn ? 0x02U : 0U) | (segment.rst ? 0x04U : 0U) | (segment.ack ? 0x10U : 0U);
  put16(tcp, static_cast<std::uint32_t>(header / 4) << 12 | flags);
  put16(tcp, 65535);  // window
  put16(tcp, 0);      // checksum
  put16(tcp, 0);      // urgent pointer
  if (segment.timestamp) {
    put32(tcp, 0x0101080a);  // two NOPs, then the option of 10 bytes
    put32(tcp, *segment.timestamp);
    put32(tcp, 0);
  }
  std::string pseudo;
  put32(pseudo, ip_of(segment.from));
  put32(pseudo, ip_of(segment.to));
  put16(pseudo, IPPROTO_TCP);
  put16(pseudo, static_cast<std::uint32_t>(tcp.size()));
  const std::uint16_t sum = checksum(pseudo + tcp);
  tcp[16] = static_cast<char>(sum >> 8);
  tcp[17] = static_cast<char>(sum);
  return tcp;
}

std::string packet_of(const Injected& segment) {
  const std::string tcp = tcp_of(segment);
  std::string ip;
  put16(ip, 0x4500);
  put16(ip, static_cast<std::uint32_t>(kIpHeader + tcp.size()));
  put32(ip, 0);
  put16(ip, 64U << 8 | IPPROTO_TCP);
  put16(ip, 0);  // the kernel fills in the checksum (raw(7))
  put32(ip, ip_of(segment.from));
  put32(ip, ip_of(segment.to));
  return ip + tcp;
}

}  // namespace

Result<void> inject(int network, const Injected& segment) {
  Result<void> outcome;
  const auto entered = net::run_inside(network, [&] {
    const Descriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
    const std::string packet = packet_of(segment);
    const net::Address to = segment.to.without_port();
    if (::sendto(socket.get(), packet.data(), packet.size(), 0, to.data(), to.size()) < 0)
      outcome = failure_from_errno("inject a segment");
  });
  return entered ? outcome : entered;
}

}  // namespace lastbyte::wire
