// A response without an end: what is sent is written as fast as the client reads, and no more than that is kept. The
// server's thread alone.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace lastbyte::admin {

class Outlet {
 public:
  /// Bytes that wait for the client at most.
  static constexpr std::size_t kMost = 256 * 1024;

  virtual ~Outlet() = default;

  /// False: it was not taken, because the client does not read fast enough, or is gone.
  virtual bool send(std::string text) = 0;
  /// False: the client is gone. Nothing is sent any more.
  [[nodiscard]] virtual bool open() const = 0;
};

}  // namespace lastbyte::admin
