// Counts what the kernel's tcp_twsk_unique() returns.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace lastbyte::kernel {

/// The kernel asks tcp_twsk_unique() whether a new connection may take a port that is in TIME_WAIT for the same
/// destination (net/ipv4/tcp_ipv4.c). An object counts the answers, of every network namespace, while it lives.
class TimeWaitReuses {
 public:
  struct Answers {
    std::uint64_t allowed = 0;
    std::uint64_t refused = 0;
  };

  /// Attaches a BPF program to the function's end (fexit). This needs CAP_BPF, CAP_PERFMON, and a kernel that can trace
  /// its functions (CONFIG_FUNCTION_TRACER, CONFIG_DEBUG_INFO_BTF).
  static Result<std::unique_ptr<TimeWaitReuses>> watch();

  TimeWaitReuses();
  ~TimeWaitReuses();
  TimeWaitReuses(const TimeWaitReuses&) = delete;
  TimeWaitReuses& operator=(const TimeWaitReuses&) = delete;

  /// Returns the answers so far in the network namespace with that inode.
  [[nodiscard]] Answers in(std::uint32_t network) const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace lastbyte::kernel
