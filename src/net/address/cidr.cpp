#include "net/address/cidr.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "net/address/mapped.h"

namespace lastbyte::net {

namespace {

unsigned bits_of(int family) { return family == AF_INET ? 32U : 128U; }

std::string ip_text(const IpBytes& bytes, int family) {
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

/// Clears all bits after the prefix.
IpBytes masked(IpBytes bytes, unsigned prefix) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = prefix > 8 * i ? std::min(8U, prefix - 8 * i) : 0U;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return bytes;
}

/// Decimal without leading zeros, up to `most`.
std::optional<unsigned> parse_prefix(std::string_view text, unsigned most) {
  unsigned prefix = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  if (error != std::errc{} || end != text.data() + text.size() || prefix > most) return std::nullopt;
  return prefix;
}

}  // namespace

IpBytes ip_bytes(const Address& address) {
  IpBytes bytes{};
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
  network.ip_ = masked(ip_bytes(*address), network.prefix_);
  if (network.ip_ != ip_bytes(*address)) {
    return wrong("bits are set behind the prefix; the network is " + ip_text(network.ip_, network.family_) + "/" +
                 std::to_string(network.prefix_));
  }
  if (const Address plain = unmapped(*address); plain.family() != network.family_) {
    // The mapped prefix takes 96 bits, and they are set: shorter prefixes have been refused above.
    network.family_ = plain.family();
    network.prefix_ -= 96;
    network.ip_ = ip_bytes(plain);
  }
  return network;
}

bool Cidr::contains(const Address& address) const {
  const Address plain = unmapped(address);
  return plain.family() == family_ && masked(ip_bytes(plain), prefix_) == ip_;
}

IpBytes Cidr::last() const {
  IpBytes last{};
  last.fill(0xff);
  const IpBytes prefix = masked(last, prefix_);
  const IpBytes all = masked(last, bits_of(family_));
  for (unsigned i = 0; i < last.size(); ++i) last[i] = static_cast<std::uint8_t>(ip_[i] | (all[i] & ~prefix[i]));
  return last;
}

std::string Cidr::text() const {
  const std::string ip = ip_text(ip_, family_);
  return prefix_ == bits_of(family_) ? ip : ip + "/" + std::to_string(prefix_);
}

}  // namespace lastbyte::net
