// A response without an end: written as fast as the client reads, with a bounded buffer. Only for the server's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace lastbyte::admin {

class Outlet {
 public:
  /// The most bytes that wait for the client.
  static constexpr std::size_t kMost = 256 * 1024;

  virtual ~Outlet() = default;

  /// Returns false if the text was not taken: the client reads too slowly, or has gone.
  virtual bool send(std::string text) = 0;
  /// Returns false if the client has gone: nothing more is sent.
  [[nodiscard]] virtual bool open() const = 0;
};

}  // namespace lastbyte::admin
