#include "tests/kernel/bpf/segments.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace lastbyte::kernel::test {
namespace {

constexpr std::size_t kHeader = 20;  // of TCP, without options

template <typename Number>
void put(std::vector<std::uint8_t>& bytes, Number number) {
  for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(number >> shift));
}

std::uint32_t get32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24U | static_cast<std::uint32_t>(at[1]) << 16U |
         static_cast<std::uint32_t>(at[2]) << 8U | at[3];
}
std::uint16_t get16(const std::uint8_t* at) { return static_cast<std::uint16_t>(at[0] << 8U | at[1]); }

std::string place(const std::uint8_t* ip, std::uint16_t port) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, ip, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(port);
}

std::uint32_t timestamp_of(const std::uint8_t* options, std::size_t length) {
  for (std::size_t at = 0; at < length && options[at] != 0;) {
    if (options[at] == 1) {
      ++at;
      continue;
    }
    if (at + 1 >= length || options[at + 1] < 2) return 0;
    if (options[at] == 8 && at + 10 <= length) return get32(options + at + 2);
    at += options[at + 1];
  }
  return 0;
}

/// RFC 1071 over the pseudo header of these addresses and the segment.
std::uint16_t checksum(const in_addr& from, const in_addr& to, std::vector<std::uint8_t> segment) {
  std::uint32_t sum = IPPROTO_TCP + static_cast<std::uint32_t>(segment.size());
  for (const std::uint32_t ip : {ntohl(from.s_addr), ntohl(to.s_addr)}) sum += (ip >> 16U) + (ip & 0xffffU);
  if (segment.size() % 2 != 0) segment.push_back(0);
  for (std::size_t at = 0; at < segment.size(); at += 2) sum += get16(segment.data() + at);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

Listening::Listening() : socket_(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_IP))) {}

std::vector<Segment> Listening::take() {
  std::vector<Segment> all;
  std::array<std::uint8_t, 65536> packet;
  for (;;) {
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    auto* const address = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(socket_.get(), packet.data(), packet.size(), 0, address, &size);
    if (got < 0) return all;
    // Loopback shows each segment twice: as it leaves and as it arrives.
    if (from.sll_pkttype == PACKET_OUTGOING || got < 40 || packet[9] != IPPROTO_TCP) continue;
    const std::uint8_t* tcp = packet.data() + std::size_t{packet[0] & 15U} * 4;
    Segment segment;
    segment.from = place(packet.data() + 12, get16(tcp));
    segment.to = place(packet.data() + 16, get16(tcp + 2));
    segment.sequence = get32(tcp + 4);
    segment.acknowledgement = get32(tcp + 8);
    segment.flags = tcp[13];
    segment.timestamp = timestamp_of(tcp + kHeader, (std::size_t{tcp[12]} >> 4U) * 4 - kHeader);
    all.push_back(segment);
  }
}

Segment Listening::wait_for(const std::function<bool(const Segment&)>& wanted) {
  for (int tries = 0; tries < 200; ++tries) {
    for (const Segment& each : take())
      if (wanted(each)) return each;
    pollfd wait{socket_.get(), POLLIN, 0};
    ::poll(&wait, 1, 100);
  }
  return {};
}

bool send_forged(const Forged& segment) {
  const Descriptor socket(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP));
  sockaddr_in from{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
  sockaddr_in to = from;
  ::inet_pton(AF_INET, segment.from.c_str(), &from.sin_addr);
  ::inet_pton(AF_INET, segment.to.c_str(), &to.sin_addr);
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) return false;
  const bool stamped = segment.timestamp != 0 || segment.timestamp_echo != 0;
  std::vector<std::uint8_t> bytes;
  put(bytes, segment.from_port);
  put(bytes, segment.to_port);
  put(bytes, segment.sequence);
  put(bytes, segment.acknowledgement);
  const std::size_t words = (stamped ? 8U : 5U) + (segment.options.size() + 3) / 4;
  put(bytes, static_cast<std::uint8_t>(words << 4U));
  put(bytes, segment.flags);
  put(bytes, std::uint16_t{65535});
  put(bytes, std::uint32_t{0});  // checksum, urgent pointer
  if (stamped) {
    put(bytes, std::uint32_t{0x0101080a});  // two NOPs, timestamps, their length
    put(bytes, segment.timestamp);
    put(bytes, segment.timestamp_echo);
  }
  bytes.insert(bytes.end(), segment.options.begin(), segment.options.end());
  bytes.resize(words * 4, 1);  // NOPs
  bytes.insert(bytes.end(), segment.data.begin(), segment.data.end());
  const std::uint16_t sum = checksum(from.sin_addr, to.sin_addr, bytes);
  bytes[16] = static_cast<std::uint8_t>(sum >> 8U);
  bytes[17] = static_cast<std::uint8_t>(sum);
  return ::sendto(socket.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace lastbyte::kernel::test
