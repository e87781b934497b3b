// Network namespaces: opening one by its name, and doing something inside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::net {

/// A descriptor of the namespace, which exists while a process holds one or is inside; that of the calling
/// thread for NamespaceName{}. `pid:` needs the right to look into that process (ptrace(2): CAP_SYS_PTRACE for one of
/// another user), `pidfd:` what entering needs. Fails where there is none, or the file stands for something else.
Result<Descriptor> open_namespace(const NamespaceName& name);

/// Why /proc does not show a process: it has ended, or is another user's and hidden (hidepid of proc(5)).
std::string why_no_process(std::uint32_t pid);

/// Whether both are descriptors of the same namespace.
bool same_namespace(const Descriptor& a, const Descriptor& b);

/// Runs a function on a thread of its own inside the namespace, which is a descriptor of one; -1: on this thread, where
/// it is. Threads and sockets that it makes stay in there. Entering needs CAP_SYS_ADMIN here and there (setns(2)).
Result<void> run_inside(int network, const std::function<void()>& function);

/// Puts the calling thread, and no other, into the namespace. `name` is for the error's text.
Result<void> enter_namespace(int network, const std::string& name);

}  // namespace lastbyte::net
