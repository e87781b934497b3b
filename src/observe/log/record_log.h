// The log of session records: takes records from the workers' rings, on a thread of its own, and writes them. The data
// path never waits for the log. It counts what it cannot write in time as dropped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "observe/log/syslog.h"
#include "relay/worker/worker.h"

namespace lastbyte::observe {

using RecordFormatter = std::string (*)(const relay::Record&);

class RecordLog {
 public:
  /// `target` and `origin` are as for LogTarget::open(). `warn` tells the operator about a failed write (full disk) or
  /// dropped records; the log's thread calls it, rarely.
  static Result<std::unique_ptr<RecordLog>> open(const std::string& target, RecordFormatter format,
                                                 std::function<void(std::string)> warn,
                                                 const SyslogOrigin& origin = {});
  ~RecordLog();  ///< closes
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  /// Begins the thread. The rings must outlive this object.
  void start(std::vector<relay::RecordRing*> rings);
  /// For workers: the ring has a record. Makes a system call only when the log's thread sleeps.
  void wake();
  /// For the control thread (SIGUSR1): the log's thread opens the path anew. If that fails, the log keeps the old file
  /// and calls `warn` with the reason.
  void reopen();

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
