#include "net/cidr.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "net/mapped.h"

namespace lastbyte::net {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

unsigned bits_of(int family) { return family == AF_INET ? 32U : 128U; }

/// Precondition: an IP address.
Bytes bytes_of(const Address& address) {
  Bytes bytes{};
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address.data(), sizeof v4);
    std::memcpy(bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address.data(), sizeof v6);
    std::memcpy(bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  }
  return bytes;
}

std::string ip_text(const Bytes& bytes, int family) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data(), sizeof v4.sin_addr);
    return Address(v4).ip_text();
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, bytes.data(), sizeof v6.sin6_addr);
  return Address(v6).ip_text();
}

/// With all bits behind the prefix cleared.
Bytes masked(Bytes bytes, unsigned prefix) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = prefix > 8 * i ? std::min(8U, prefix - 8 * i) : 0U;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return bytes;
}

/// Decimal without heading zeroes, up to `most`.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned prefix = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  if (error != std::errc{} || end != text.data() + text.size() || prefix > most) return std::nullopt;
  return prefix;
}

}  // namespace

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto wrong = [&](std::string detail) {
    return failure("network '" + std::string(text) + "'", 0, std::move(detail));
  };
  const std::size_t slash = text.find('/');
  const std::string_view ip = text.substr(0, slash);
  if (ip.find('%') != std::string_view::npos) {
    return wrong("a network has no interface; expected it without '" + std::string(ip.substr(ip.find('%'))) + "'");
  }
  const auto address = Address::parse(ip, 0);
  if (!address) return wrong("expected a network such as 10.0.0.0/8 or 2001:db8::/32, or a numeric address");
  Cidr network;
  network.family_ = address->family();
  network.prefix_ = bits_of(network.family_);
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(slash + 1);
    const auto parsed = parse_prefix(prefix, bits_of(network.family_));
    if (!parsed) {
      return wrong("the prefix is '" + std::string(prefix) + "'; expected 0 to " +
                   std::to_string(bits_of(network.family_)));
    }
    network.prefix_ = *parsed;
  }
  network.ip_ = masked(bytes_of(*address), network.prefix_);
  if (network.ip_ != bytes_of(*address)) {
    return wrong("bits are set behind the prefix; the network is " + ip_text(network.ip_, network.family_) + "/" +
                 std::to_string(network.prefix_));
  }
  if (const Address plain = unmapped(*address); plain.family() != network.family_) {
    // The mapped prefix itself takes 96 bits, and they are set: what is shorter has been refused above.
    network.family_ = plain.family();
    network.prefix_ -= 96;
    network.ip_ = bytes_of(plain);
  }
  return network;
}

bool Cidr::contains(const Address& address) const {
  const Address plain = unmapped(address);
  return plain.family() == family_ && masked(bytes_of(plain), prefix_) == ip_;
}

std::string Cidr::text() const {
  const std::string ip = ip_text(ip_, family_);
  return prefix_ == bits_of(family_) ? ip : ip + "/" + std::to_string(prefix_);
}

Access AccessList::check(const Address& client) const {
  const auto holds = [&](const Cidr& network) { return network.contains(client); };
  if (std::any_of(deny.begin(), deny.end(), holds)) return Access::denied;
  if (allow.empty() || std::any_of(allow.begin(), allow.end(), holds)) return Access::granted;
  return Access::not_listed;
}

}  // namespace lastbyte::net
