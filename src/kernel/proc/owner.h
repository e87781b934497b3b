// Names for the kernel's numbers: network namespaces, and the systemd units of processes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lastbyte::kernel {

/// Returns the systemd unit in the text of /proc/PID/cgroup: "nginx.service"; empty: none.
std::string unit_in_cgroup(std::string_view cgroup_file);
/// Returns the systemd unit of a process; empty also if the process has ended.
std::string unit_of(std::uint32_t pid);

/// Names of network namespaces by inode. An unknown inode makes it read the names again.
class NetworkNames {
 public:
  /// Returns "host" for the namespace of process 1, the name given by `ip netns`, "own" for the calling thread's
  /// namespace, otherwise "net:[4026531840]"; "-" for 0, unknown.
  [[nodiscard]] const std::string& name(std::uint32_t inode);

 private:
  void look();
  std::map<std::uint32_t, std::string> names_;
};

/// Returns the inode of a namespace's descriptor; 0: the descriptor is no namespace.
std::uint32_t network_inode(int descriptor);
/// Returns the inode of the calling thread's network namespace.
std::uint32_t own_network_inode();

}  // namespace lastbyte::kernel
