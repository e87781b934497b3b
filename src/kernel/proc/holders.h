// Which process holds a socket: finds the socket's inode in /proc/PID/fd. For machines that load no BPF. It reads every
// descriptor of the host, which takes time, and a descriptor may be closed meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::kernel {

struct SocketDescriptor {
  int descriptor = -1;
  std::uint32_t inode = 0;  ///< the inode that sock_diag(7) reports
};

/// Lists the sockets, of all protocols, among a process's descriptors. Needs the right to read them (ptrace(2)).
Result<std::vector<SocketDescriptor>> socket_descriptors(std::uint32_t pid);

struct Holders {
  std::map<std::uint32_t, std::uint32_t> pid_of_inode = {};
  std::uint64_t hidden = 0;  ///< number of processes whose descriptors the caller may not read
};
/// Lists the sockets of all processes that /proc shows.
Holders socket_holders();

/// Reads /proc/PID/comm; empty if the process has ended.
std::string comm_of(std::uint32_t pid);

}  // namespace lastbyte::kernel
