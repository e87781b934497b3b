// The log of session records: takes records from the workers' rings, on a thread of its own, and writes them. The data
// path never waits for the log. It counts what it cannot write in time as dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "observe/log/batch.h"
#include "observe/log/orders.h"
#include "observe/log/target.h"
#include "relay/worker/worker.h"

namespace lastbyte::observe {

class RecordLog {
 public:
  using Order = LogOrder<RecordFormatter>;

  /// Without a `target`, records stay in the rings. `warn` tells the operator, rarely and from the log's own thread,
  /// that writing failed (full disk) or that records were dropped.
  static Result<std::unique_ptr<RecordLog>> create(std::optional<LogTarget> target, RecordFormatter format,
                                                   std::function<void(std::string)> warn);
  ~RecordLog();  ///< closes
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  /// Begins the thread. The rings must outlive this object.
  void start(std::vector<relay::RecordRing*> rings);
  /// For workers: the ring has a record. Makes a system call only when the log's thread sleeps.
  void wake();
  /// Any thread. The log's thread carries the order out between two records. Records that the old target has not taken
  /// go to the new one, in the new format. A log that loses its target first writes the records in the rings, for one
  /// second at most. If a reopen fails, the log keeps the old file and calls `warn` with the reason.
  void obey(Order order);
  void reopen() { obey({.reopen = true}); }

  /// Writes the remaining records, then ends the thread. Waits at most one second for a target that blocks.
  void close();

  /// Number of records that could not be written (full disk, closed pipe).
  [[nodiscard]] std::uint64_t lost() const;
  /// Number of wake() calls that found the log asleep and so made a system call.
  [[nodiscard]] std::uint64_t wakeups() const;

 private:
  class Impl;
  explicit RecordLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::observe
