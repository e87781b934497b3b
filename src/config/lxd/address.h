// Addresses of LXD's proxy devices: tcp|udp:IP:PORT[-PORT][,PORT...], unix:/path, unix:@name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lastbyte::config {

enum class LxdProtocol : std::uint8_t { tcp, udp, unix_stream };

struct LxdAddress {
  LxdProtocol protocol = LxdProtocol::tcp;
  std::string host;   ///< numeric, without brackets; may be empty. Not for UNIX
  std::string ports;  ///< as written. Not for UNIX
  std::size_t count = 1;
  std::string path;  ///< UNIX only: "/path" or "@name"

  [[nodiscard]] bool is_unix() const { return protocol == LxdProtocol::unix_stream; }
  [[nodiscard]] bool is_path() const { return is_unix() && !path.starts_with('@'); }
  /// Whether it means all addresses: an empty host, 0.0.0.0 or [::], in any spelling.
  [[nodiscard]] bool is_wildcard() const;
  /// The address in the form of lastbyte's endpoints.
  [[nodiscard]] std::string text() const;
};

/// The error says what is wrong and what was expected.
tl::expected<LxdAddress, std::string> parse_lxd_address(std::string_view text);

}  // namespace lastbyte::config
