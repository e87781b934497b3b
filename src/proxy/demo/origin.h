// A small origin server, for trying the forwarder without a server.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace lastbyte::proxy {

/// Listens on a port of 127.0.0.1 that the kernel chooses, and answers on its own thread. HTTP: a page for GET /, N
/// megabytes for GET /big/N, the request's body for POST and PUT. A body of more than 16 MB gets a 413, and the
/// connection closes while the rest still arrives, as with many servers. Any other input is sent back after the
/// client's half-close.
class Origin {
 public:
  static Result<std::unique_ptr<Origin>> start();
  /// Drops all connections and ends the thread.
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  class Impl;
  explicit Origin(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::proxy
