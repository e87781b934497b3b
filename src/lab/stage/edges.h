// What epoll reports of one descriptor, edge-triggered.
#pragma once

#include <string>

#include "base/descriptor.h"

namespace lastbyte::lab {

class Edges {
 public:
  explicit Edges(int fd);

  /// The next edge, "IN OUT RDHUP", or "none" where none comes for a while.
  std::string next(int wait_ms = 2000);
  /// Takes what there is now.
  void settle();

 private:
  Descriptor epoll_;
};

/// No edge is worth waiting for longer.
inline constexpr int kNoEdgeMs = 150;

}  // namespace lastbyte::lab
