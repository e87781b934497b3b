// Facts from /proc about processes and TCP connections.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "net/address/address.h"

namespace lastbyte::process {

/// The sums over one process or over a process group.
struct Weight {
  std::uint64_t resident_kib = 0;
  std::uint64_t sockets = 0;
};

/// Return nullopt if the process does not exist, or this process may not look into it.
std::optional<Weight> weigh_group(pid_t group);
std::optional<Weight> weigh_process(pid_t pid);

/// Returns whether a signal has stopped every thread of the group's processes; false if no process is visible.
bool group_stands_still(pid_t group);

/// Returns the most that the kernel may buffer for a flow through a proxy, in KiB: the largest receive and send buffers
/// that TCP chooses by itself (tcp_rmem, tcp_wmem). 0: unknown.
std::uint64_t kernel_buffers_kib();

/// Returns whether a socket listens on the port, or at the path, in the network namespace of that process (0: the
/// caller's).
bool listens(pid_t in_network_of, const net::Address& at);

/// Returns whether the kernel keeps a TIME_WAIT for the connection whose own end is `here`, in the calling thread's
/// network namespace.
bool in_time_wait(const net::Address& here, const net::Address& there);

/// Returns a port without a listener. It is outside the range from which the kernel takes ports for connections, and
/// was not returned before. 0: no such port is left. Any thread.
std::uint16_t unused_port();

}  // namespace lastbyte::process
