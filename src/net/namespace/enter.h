// Network namespaces: opening one by its name, and running code inside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::net {

/// Opens a namespace; it exists while a process holds a descriptor of it or is inside. NamespaceName{} is the calling
/// thread's. `pid:` needs the right to inspect that process (ptrace(2): CAP_SYS_PTRACE for another user's), `pidfd:`
/// the rights for entering. Fails if there is no such namespace, or if the file stands for something else.
Result<Descriptor> open_namespace(const NamespaceName& name);

/// Explains why /proc does not show a process, or not its namespaces: it has ended, or it is hidden (hidepid of
/// proc(5)).
std::string why_no_process(std::uint32_t pid);

/// Whether both are descriptors of the same namespace.
bool same_namespace(const Descriptor& a, const Descriptor& b);

/// Runs a function on a new thread inside the namespace that `network` is a descriptor of; -1: on this thread, in its
/// own namespace. Threads and sockets that the function makes stay in there. Entering needs CAP_SYS_ADMIN here and
/// there (setns(2)).
Result<void> run_inside(int network, const std::function<void()>& function);

/// Moves only the calling thread into the namespace. `name` is for error messages.
Result<void> enter_namespace(int network, const std::string& name);

}  // namespace lastbyte::net
