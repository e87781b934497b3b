// Reads the facts of a host, or of a network namespace.
#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

struct Asked {
  int network = -1;                         ///< the namespace's descriptor; -1: the caller's
  std::optional<std::uint32_t> pid = {};    ///< the process to look at
  bool intrusive = false;                   ///< take descriptors of it where iterators do not load
  std::chrono::milliseconds window{1'000};  ///< how long counters are watched
};

/// Waits for the window. Fails where the counters cannot be read, or there is no such process; what else cannot be read
/// is in Facts::unread.
Result<Facts> collect(const Asked& asked);

/// Which ways of attaching BPF load here, and whether io_uring is allowed.
std::vector<Ability> abilities();

/// By pidfd_getfd(2): one descriptor at a time, for microseconds. While it is held, the process's close() of it sends
/// no FIN. It needs the right to trace the process (ptrace(2)).
Result<std::vector<kernel::ProcessSocket>> take_sockets(std::uint32_t pid);

}  // namespace lastbyte::doctor
