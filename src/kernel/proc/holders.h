// Which process holds a socket, as /proc/PID/fd tells it: by the socket's inode. For machines where no BPF loads; it
// takes time with every descriptor of the host, and each may be closed meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::kernel {

struct SocketDescriptor {
  int descriptor = -1;
  std::uint32_t inode = 0;  ///< as sock_diag(7) tells it
};

/// The sockets among the descriptors of a process, of all protocols. Needs the right to read them (ptrace(2)).
Result<std::vector<SocketDescriptor>> socket_descriptors(std::uint32_t pid);

struct Holders {
  std::map<std::uint32_t, std::uint32_t> pid_of_inode = {};
  std::uint64_t hidden = 0;  ///< processes whose descriptors may not be read
};
/// Of all processes that /proc shows.
Holders socket_holders();

/// /proc/PID/comm; empty where the process has ended.
std::string comm_of(std::uint32_t pid);

}  // namespace lastbyte::kernel
