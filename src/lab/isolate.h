// A process apart: its own users, processes, mounts and networks, which vanish with it.
#pragma once

#include <functional>

#include "base/result.h"

namespace lastbyte::lab {

/// Runs the function as the first process of new user, process, mount and network namespaces, with a private temporary
/// directory in memory, and returns its exit status. The child dies with the calling thread, whatever ends that, and
/// the kernel then ends all that the child has started and removes its networks and files: also after SIGKILL. With
/// CAP_SYS_ADMIN it stays in the present user namespace, so that tracing is still allowed. Fails where the kernel does
/// not let an unprivileged user make namespaces. Call it before there are other threads.
Result<int> run_isolated(const std::function<int()>& function);

}  // namespace lastbyte::lab
