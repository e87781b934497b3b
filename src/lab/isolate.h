// Runs a function in a process with its own users, processes, mounts and networks, which vanish with it.
#pragma once

#include <functional>

#include "base/result.h"

namespace lastbyte::lab {

/// Runs the function as the first process of new user, process, mount and network namespaces, with a private temporary
/// directory in memory. Returns its exit status. The child dies with the calling thread, even after SIGKILL: the kernel
/// then ends everything that the child started and removes its networks and files. With CAP_SYS_ADMIN the child stays
/// in the present user namespace, so that it may still trace. Fails if the kernel does not allow an unprivileged user
/// to make namespaces. Call it before other threads exist.
Result<int> run_isolated(const std::function<int()>& function);

}  // namespace lastbyte::lab
