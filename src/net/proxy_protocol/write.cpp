// Writing headers.
#include <arpa/inet.h>

#include <array>
#include <boost/crc.hpp>
#include <cstring>

#include "net/address/mapped.h"
#include "net/proxy_protocol/header.h"
#include "net/proxy_protocol/wire.h"

namespace lastbyte::net::proxy_protocol {

namespace {

/// The addresses that the version can express: both of one family, or both none.
struct Ends {
  Address source;
  Address destination;
};

bool is_ip(const Address& address) { return address.family() == AF_INET || address.family() == AF_INET6; }

Ends told(const Header& header) {
  if (header.command == Command::local || header.transport == Transport::unspecified) return {};
  if (header.source.family() == AF_UNIX && header.destination.family() == AF_UNIX) {
    return {.source = header.source, .destination = header.destination};
  }
  if (!is_ip(header.source) || !is_ip(header.destination)) return {};
  const Ends plain{.source = unmapped(header.source), .destination = unmapped(header.destination)};
  if (plain.source.family() == plain.destination.family()) return plain;
  return {.source = mapped(plain.source), .destination = mapped(plain.destination)};
}

/// Leaves out the scope, which means nothing on another machine.
std::string ip_text(const Address& address) {
  const std::string text = address.ip_text();
  return text.substr(0, text.find('%'));
}

std::string format_v1(const Header& header) {
  const Ends ends = told(header);
  if (header.transport != Transport::stream || !is_ip(ends.source)) return "PROXY UNKNOWN\r\n";
  return std::string("PROXY ") + (ends.source.family() == AF_INET ? "TCP4 " : "TCP6 ") + ip_text(ends.source) + ' ' +
         ip_text(ends.destination) + ' ' + std::to_string(ends.source.port()) + ' ' +
         std::to_string(ends.destination.port()) + "\r\n";
}

void put16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8U & 0xffU);
  out += static_cast<char>(value & 0xffU);
}

void put_ip(std::string& out, const Address& address) {
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address.data(), sizeof v4);
    out.append(reinterpret_cast<const char*>(&v4.sin_addr), sizeof v4.sin_addr);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address.data(), sizeof v6);
    out.append(reinterpret_cast<const char*>(&v6.sin6_addr), sizeof v6.sin6_addr);
  }
}

void put_unix(std::string& out, const Address& address) {
  constexpr std::size_t path_at = sizeof(sa_family_t);
  std::string field;
  if (address.size() > path_at) {
    field.assign(reinterpret_cast<const char*>(address.data()) + path_at, address.size() - path_at);
  }
  field.resize(kUnixSize);
  out += field;
}

std::uint8_t family_of(const Ends& ends) {
  if (ends.source.none()) return 0;
  if (ends.source.family() == AF_INET) return kV4Family;
  return ends.source.family() == AF_INET6 ? kV6Family : kUnixFamily;
}

void put_addresses(std::string& out, const Ends& ends) {
  if (ends.source.none()) return;
  if (ends.source.family() == AF_UNIX) {
    put_unix(out, ends.source);
    put_unix(out, ends.destination);
    return;
  }
  put_ip(out, ends.source);
  put_ip(out, ends.destination);
  put16(out, ends.source.port());
  put16(out, ends.destination.port());
}

Failure cannot(std::string why) { return failure("PROXY header", 0, std::move(why)); }

/// Checks that the bytes after the fixed sixteen fit into the length field.
Result<void> check_size(const Header& header, const Ends& ends) {
  std::size_t size = addresses_size(family_of(ends));
  for (const Tlv& each : header.tlvs) {
    size += kTlvStart + (each.type == tlv::kCrc32c ? kCrcSize : each.value.size());
    if (each.type == tlv::kUniqueId && each.value.size() > kLongestUniqueId) {
      return cannot("a unique id of " + std::to_string(each.value.size()) + " bytes; at most 128");
    }
  }
  if (size > kMostBody) return cannot("addresses and TLVs take " + std::to_string(size) + " bytes; at most 65535");
  return {};
}

Result<std::string> format_v2(const Header& header) {
  const Ends ends = told(header);
  if (const auto fits = check_size(header, ends); !fits) return tl::unexpected(fits.error());
  const std::uint8_t family = family_of(ends);
  const unsigned transport = family == 0 ? 0U : (header.transport == Transport::stream ? 1U : 2U);
  std::string out(kSignature);
  out += static_cast<char>(0x20U | (header.command == Command::proxy ? 1U : 0U));
  out += static_cast<char>(static_cast<unsigned>(family) << 4U | transport);
  put16(out, 0);
  put_addresses(out, ends);
  std::size_t crc_at = 0;
  for (const Tlv& each : header.tlvs) {
    if (each.type == tlv::kCrc32c && crc_at != 0) continue;  // one is enough
    const std::string value = each.type == tlv::kCrc32c ? std::string(kCrcSize, '\0') : each.value;
    out += static_cast<char>(each.type);
    put16(out, value.size());
    if (each.type == tlv::kCrc32c) crc_at = out.size();
    out += value;
  }
  std::string length;
  put16(length, out.size() - kFixedSize);
  out.replace(kLengthAt, 2, length);
  if (crc_at != 0) {
    const std::uint32_t crc = crc32c_without(out, crc_at);
    std::string sum;
    put16(sum, crc >> 16U);
    put16(sum, crc & 0xffffU);
    out.replace(crc_at, kCrcSize, sum);
  }
  return out;
}

}  // namespace

std::size_t addresses_size(std::uint8_t family) {
  constexpr std::size_t ports = 2 * sizeof(std::uint16_t);
  if (family == kV4Family) return 2 * sizeof(in_addr) + ports;
  if (family == kV6Family) return 2 * sizeof(in6_addr) + ports;
  return family == kUnixFamily ? 2 * kUnixSize : 0;
}

std::uint32_t crc32c_without(std::string_view header, std::size_t at) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  constexpr std::array<char, kCrcSize> zeroes{};
  crc.process_bytes(header.data(), at);
  crc.process_bytes(zeroes.data(), zeroes.size());
  crc.process_bytes(header.data() + at + kCrcSize, header.size() - at - kCrcSize);
  return crc.checksum();
}

Result<std::string> format(const Header& header) {
  switch (header.version) {
    case Version::v1: return format_v1(header);
    case Version::v2: return format_v2(header);
  }
  return cannot("a version that does not exist");
}

}  // namespace lastbyte::net::proxy_protocol
