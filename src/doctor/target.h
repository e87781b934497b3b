// Examines one process: its sockets and limits. It does not disturb the process unless the caller asks for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// Fails if the process does not exist. The sockets come from a BPF iterator. Where it does not load, they come without
/// options from /proc and `sockets` (those of the process's network namespace); with `intrusive`, from descriptors
/// taken one at a time. Adds to `unread` what it could not read.
Result<Process> look_at(std::uint32_t pid, bool intrusive, const std::vector<net::diag::Socket>& sockets,
                        std::vector<std::string>& unread);

/// Returns the seccomp mode of a process, "self" or a number; 0 also if /proc does not show it.
int seccomp_of(std::string_view process);

struct TakenSockets {
  std::vector<kernel::ProcessSocket> sockets = {};
  Process::Taken taken = {};
};
/// Takes one descriptor at a time, for microseconds (pidfd_getfd(2)). While the doctor holds one, the process's close()
/// of that socket sends no FIN. This needs the right to trace the process (ptrace(2)).
Result<TakenSockets> take_sockets(std::uint32_t pid);

}  // namespace lastbyte::doctor
