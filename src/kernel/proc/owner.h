// Names for what the kernel numbers: network namespaces and the units of processes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lastbyte::kernel {

/// The unit of systemd that /proc/PID/cgroup names: "nginx.service"; empty: there is none.
std::string unit_in_cgroup(std::string_view cgroup_file);
/// The same of a process; empty also where it has ended.
std::string unit_of(std::uint32_t pid);

/// Names of network namespaces by their inode. Looks again when it meets one that it does not know.
class NetworkNames {
 public:
  /// "host" for that of process 1, the name that `ip netns` gave, "own" for the calling thread's, or
  /// "net:[4026531840]"; "-" for 0, unknown.
  [[nodiscard]] const std::string& name(std::uint32_t inode);

 private:
  void look();
  std::map<std::uint32_t, std::string> names_;
};

/// The inode of a namespace's descriptor; 0: it is none.
std::uint32_t network_inode(int descriptor);
/// The inode of the calling thread's network namespace.
std::uint32_t own_network_inode();

}  // namespace lastbyte::kernel
