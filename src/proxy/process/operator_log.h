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
#include "observe/log/syslog.h"
#include "observe/record/message.h"

namespace lastbyte::proxy {

/// What the receiver of syslog messages is told of us.
observe::SyslogOrigin syslog_origin(const config::Log& log);

/// A line is written whole, or not at all (observe/record/message.h has its forms).
class OperatorLog {
 public:
  /// Writes to what is behind `fd`, which stays the caller's.
  explicit OperatorLog(int fd = 2);
  /// Writes what is queued, unless nobody reads for 100 ms.
  ~OperatorLog();
  OperatorLog(const OperatorLog&) = delete;
  OperatorLog& operator=(const OperatorLog&) = delete;

  /// Begins the thread. Call it after privileges are dropped: the thread inherits the privileges of its caller.
  Result<void> start();

  /// From now on: the format of lines, and the least important level that is told. Before start().
  void set_up(const config::Log& log);
  /// Opens `log.messages`, where lines go from start() on. What cannot be written there goes to the descriptor of the
  /// constructor. Before start().
  Result<void> write_to(const config::Log& log);
  /// Has the log's thread open the path anew. If that fails, the old file stays, and a line says why.
  void reopen();

  /// The least important level that is told from now on. From any thread.
  void set_level(config::LogLevel level);
  [[nodiscard]] config::LogLevel level() const;

  // Not from a worker. The line waits for room until it is clear that nobody reads: 100 ms, once.
  void debug(std::string_view message);
  void info(std::string_view message);
  void warn(std::string_view message);
  void error(std::string_view message);
  void info(observe::Statement statement);
  void warn(observe::Statement statement);
  void error(observe::Statement statement);
  /// Tells how many lines were dropped since it last did; at most one line.
  void tell_dropped();

  /// From a worker, after start(): never waits. All workers together have 100 lines at once and 10 a second
  /// (line_rate.h); what is beyond, or finds no room, is dropped and counted.
  void warn_from_worker(std::string message) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::proxy
