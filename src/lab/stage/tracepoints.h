// What the kernel's tracepoints tell of the network namespaces of experiments: one watch for all that play at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "kernel/watch/source.h"

namespace lastbyte::lab {

/// Attached for as long as somebody holds it. Any thread.
class Tracepoints {
 public:
  /// The one of this process. Fails where the kernel does not let programs be attached; that is asked once.
  static Result<std::shared_ptr<Tracepoints>> share();

  /// Keeps events of that namespace, by its inode, from now on until forget().
  void keep(std::uint32_t network);
  void forget(std::uint32_t network);
  /// Those of that namespace since the last time.
  std::vector<kernel::TcpEvent> take(std::uint32_t network);
  /// Events of any namespace that found no room, since the start.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  explicit Tracepoints(std::unique_ptr<kernel::EventSource> source) : source_(std::move(source)) {}

  mutable std::mutex mutex_;
  std::unique_ptr<kernel::EventSource> source_;
  std::map<std::uint32_t, std::vector<kernel::TcpEvent>> kept_;
};

}  // namespace lastbyte::lab
