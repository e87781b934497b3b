// The log of ended sessions: takes records from the workers' rings on a thread of its own and writes them. The data
// path never waits for it; what it cannot keep up with is counted as dropped.
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
  /// `target` and `origin` are those of LogTarget::open(). `warn` tells the operator, rarely and from the log's own
  /// thread, that writing failed (full disk) or that records were dropped.
  static Result<std::unique_ptr<RecordLog>> open(const std::string& target, RecordFormatter format,
                                                 std::function<void(std::string)> warn,
                                                 const SyslogOrigin& origin = {});
  ~RecordLog();  ///< closes
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  /// Begins the thread. The rings must outlive this object.
  void start(std::vector<relay::RecordRing*> rings);
  /// From a worker: there is something in its ring. A system call only when the log's thread is asleep.
  void wake();
  /// From the control thread (SIGUSR1): the log's thread opens the path anew. If that fails, the old file stays and
  /// `warn` says why.
  void reopen();

  /// Writes what is left, then ends the thread. Never waits longer than a second for a target that blocks.
  void close();

  /// Records that could not be written (the disk was full, the pipe was closed).
  [[nodiscard]] std::uint64_t lost() const;
  /// How often wake() found the log asleep, and so cost a system call.
  [[nodiscard]] std::uint64_t wakeups() const;

 private:
  class Impl;
  explicit RecordLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::observe
