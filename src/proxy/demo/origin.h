// A small origin server, for trying the forwarder without one of your own.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace lastbyte::proxy {

/// Listens on a port of 127.0.0.1 that the kernel chooses, and answers from a thread of its own. HTTP: a page for
/// GET /, N megabytes for GET /big/N, the body again for POST and PUT; a body of more than 16 MB is answered with 413
/// and the connection closed while the rest is still coming, as many servers do. Anything else is sent back when the
/// client has ended its half.
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
