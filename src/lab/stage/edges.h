// Reports what epoll says about one descriptor, edge-triggered.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "lab/stage/socket.h"

namespace lastbyte::lab {

class Edges {
 public:
  explicit Edges(int fd);

  /// Returns the next edge, "IN OUT RDHUP", or "none" after `wait_ms`.
  std::string next(int wait_ms = kStagePatienceMs);
  /// Takes the edges of the present state.
  void settle();

 private:
  Descriptor epoll_;
};

/// How long to wait for an edge that should not come.
inline constexpr int kNoEdgeMs = 150;

}  // namespace lastbyte::lab
