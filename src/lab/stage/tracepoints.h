// Collects tracepoint events for the network namespaces of experiments. All running experiments share one watch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "kernel/watch/source.h"

namespace lastbyte::lab {

/// The programs stay attached while somebody holds this object. Any thread.
class Tracepoints {
 public:
  /// Returns the watch of this process. Fails if the kernel does not let it attach programs; it tries only once.
  static Result<std::shared_ptr<Tracepoints>> share();

  /// Keeps the events of that namespace, given by its inode, until forget().
  void keep(std::uint32_t network);
  void forget(std::uint32_t network);
  /// Returns the namespace's events since the last call.
  std::vector<kernel::TcpEvent> take(std::uint32_t network);
  /// Number of events of all namespaces that were dropped because the ring was full, since the start.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  explicit Tracepoints(std::unique_ptr<kernel::EventSource> source) : source_(std::move(source)) {}

  mutable std::mutex mutex_;
  std::unique_ptr<kernel::EventSource> source_;
  std::map<std::uint32_t, std::vector<kernel::TcpEvent>> kept_;
};

}  // namespace lastbyte::lab
