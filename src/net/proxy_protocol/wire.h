// The layout of version 2 of the PROXY protocol (section 2.2 of the specification), for its reader and its writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastbyte::net::proxy_protocol {

inline constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
inline constexpr std::size_t kCommandAt = 12;
inline constexpr std::size_t kFamilyAt = 13;
inline constexpr std::size_t kLengthAt = 14;
inline constexpr std::size_t kFixedSize = 16;
inline constexpr std::size_t kMostBody = 0xffff;

inline constexpr std::uint8_t kV4Family = 1;
inline constexpr std::uint8_t kV6Family = 2;
inline constexpr std::uint8_t kUnixFamily = 3;
inline constexpr std::size_t kUnixSize = 108;  ///< one of its addresses

/// The type and the length.
inline constexpr std::size_t kTlvStart = 3;
inline constexpr std::size_t kCrcSize = 4;
inline constexpr std::size_t kLongestUniqueId = 128;

/// The size of both addresses and ports. Precondition: family <= kUnixFamily.
std::size_t addresses_size(std::uint8_t family);

inline unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
inline std::size_t number16(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8U | byte_at(bytes, at + 1);
}
inline std::uint32_t number32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number16(bytes, at) << 16U | number16(bytes, at + 2));
}

/// CRC32C of the header (RFC 4960, appendix B), with four zero bytes at `at`, the place of the checksum itself.
std::uint32_t crc32c_without(std::string_view header, std::size_t at);

}  // namespace lastbyte::net::proxy_protocol
