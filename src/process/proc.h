// Facts from /proc about processes and TCP connections.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "net/address/address.h"

namespace lastbyte::process {

/// Of all processes of a group together.
struct Weight {
  std::uint64_t resident_kib = 0;
  std::uint64_t sockets = 0;
};

/// nullopt: no such process, or we may not look into it.
std::optional<Weight> weigh_group(pid_t group);
std::optional<Weight> weigh_process(pid_t pid);

/// Whether every thread of the group's processes is stopped by a signal; false where no process can be seen.
bool group_stands_still(pid_t group);

/// Kibibytes that the kernel may buffer of a flow that a proxy passes on: the largest receive and send buffers that TCP
/// chooses by itself (tcp_rmem, tcp_wmem). 0: not known.
std::uint64_t kernel_buffers_kib();

/// True where somebody listens on the port, or at the path, in the network namespace of that process (0: ours).
bool listens(pid_t in_network_of, const net::Address& at);

/// True where the kernel keeps a TIME_WAIT of the connection with `here` as its own end, in the network of the calling
/// thread.
bool in_time_wait(const net::Address& here, const net::Address& there);

/// A port on which nobody listens, outside of the range that the kernel takes ports from for connections, and none that
/// was given before; any thread. 0: there is none left.
std::uint16_t unused_port();

}  // namespace lastbyte::process
