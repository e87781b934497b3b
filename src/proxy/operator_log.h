// What the daemon tells its operator: one readable line each on standard error, from any thread.
#pragma once

#include <memory>
#include <string_view>

namespace spdlog {
class logger;
}

namespace lastbyte::proxy {

/// "2026-03-04T05:06:07.089Z warning: ...". A line is written whole or, when the reader of standard error does not
/// read for 100 ms, not at all: no message may hold up a worker or a stop.
class OperatorLog {
 public:
  /// Writes to what is behind `fd`, which stays the caller's.
  explicit OperatorLog(int fd = 2);
  ~OperatorLog();
  OperatorLog(const OperatorLog&) = delete;
  OperatorLog& operator=(const OperatorLog&) = delete;

  void info(std::string_view message);
  void warn(std::string_view message);
  void error(std::string_view message);

 private:
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace lastbyte::proxy
