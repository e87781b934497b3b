// The process that was asked about: its sockets and limits, without disturbing it unless that is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// Fails where there is no such process. Sockets come from a BPF iterator; where it does not load, from /proc and
/// `sockets`, those of the process's network namespace, without their options, or with `intrusive` from descriptors
/// taken one at a time. What could not be read goes into `unread`.
Result<Process> look_at(std::uint32_t pid, bool intrusive, const std::vector<net::diag::Socket>& sockets,
                        std::vector<std::string>& unread);

/// The seccomp mode of a process, "self" or a number; 0 also where /proc does not tell.
int seccomp_of(std::string_view process);

struct TakenSockets {
  std::vector<kernel::ProcessSocket> sockets = {};
  Process::Taken taken = {};
};
/// By pidfd_getfd(2): one descriptor at a time, for microseconds. While it is held, the process's close() of it sends
/// no FIN. It needs the right to trace the process (ptrace(2)).
Result<TakenSockets> take_sockets(std::uint32_t pid);

}  // namespace lastbyte::doctor
