// Where a peer or a proxy listens: an address, or the path of a UNIX socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address.h"

namespace lastbyte::check {

struct Contact {
  net::Address address = {};  ///< none(): it is a path
  std::string path = {};

  Contact() = default;
  Contact(const net::Address& tcp) : address(tcp) {}
  static Contact of_path(std::string path);

  [[nodiscard]] bool none() const { return path.empty() && address.none(); }
  [[nodiscard]] bool is_unix() const { return !path.empty(); }
  /// "127.0.0.1:80", "/tmp/x"; "-" for neither.
  [[nodiscard]] std::string text() const { return is_unix() ? path : address.text(); }
};

/// Non-blocking. Whatever stands at the path is removed first; anybody may connect: a proxy may have given its
/// privileges up.
Result<Descriptor> listen_on_path(const std::string& path, std::optional<int> send_buffer);

/// Non-blocking. EAGAIN: too many wait to be accepted, try again (net/unix/af_unix.c unix_stream_connect).
Result<Descriptor> connect_to_path(const std::string& path, std::optional<int> send_buffer);

}  // namespace lastbyte::check
