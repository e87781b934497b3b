// Messages of the daemon to its operator: one line each, on standard error or where log.messages says, from any thread.
//
// Theory of operation. Before start() the calling thread writes each line. From start() on a thread of the log writes
// the lines, from one bounded queue, so that a worker never waits. If the reader does not read, only that thread waits.
// The queue then fills up, and further lines are dropped and counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/settings/config.h"
#include "observe/log/orders.h"
#include "observe/record/message.h"

namespace lastbyte::proxy {

/// The log writes a line completely or not at all (observe/record/message.h has its forms).
class OperatorLog {
 public:
  /// Writes to the file of `fd`. The caller keeps `fd`.
  explicit OperatorLog(int fd = 2);
  /// Writes the queued lines, unless the reader does not read for 100 ms.
  ~OperatorLog();
  OperatorLog(const OperatorLog&) = delete;
  OperatorLog& operator=(const OperatorLog&) = delete;

  /// Starts the thread. Call it after privileges are dropped: the thread inherits the privileges of its caller.
  Result<void> start();

  using Order = observe::LogOrder<config::LogFormat>;

  /// Sets the format of lines, and their target from start() on. Without a target, lines go to the descriptor of the
  /// constructor; so do lines that the target does not take. Call it before start(), and later on the control thread
  /// only: the log's thread then carries the order out between two lines. If a reopen fails, the old file stays in use,
  /// and a line reports why.
  void obey(Order order);
  void reopen() { obey({.reopen = true}); }

  /// Sets the least important level that is logged. Any thread.
  void set_level(config::LogLevel level);
  [[nodiscard]] config::LogLevel level() const;

  // Not for workers. The line waits for room, until the reader has not read for 100 ms; later lines then do not wait.
  void debug(std::string_view message);
  void info(std::string_view message);
  void warn(std::string_view message);
  void error(std::string_view message);
  void info(observe::Statement statement);
  void warn(observe::Statement statement);
  void error(observe::Statement statement);
  /// Reports how many lines were dropped since the last report, in at most one line.
  void tell_dropped();

  /// For workers, after start(): never waits. All workers together may write 100 lines at once and 10 a second
  /// (line_rate.h). Lines beyond that, or without room, are dropped and counted.
  void warn_from_worker(std::string message) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::proxy
