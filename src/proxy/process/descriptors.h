// Computes how many file descriptors the work needs, and how many sessions their limit allows.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"

namespace lastbyte::proxy {

/// The descriptors that the process holds without any session.
struct DescriptorBase {
  unsigned workers = 1;
  std::size_t listening_sockets = 0;  ///< over all workers
  std::size_t namespaces = 0;         ///< for network namespaces, their prepared sockets, and root directories
  std::size_t doors = 0;              ///< for operators: listening sockets and connections
  std::size_t in_passing = 0;         ///< held briefly by workers on the way between UNIX sockets (T14)
};

/// Returns the number of descriptors for `sessions` sessions at once: two sockets for each, every worker's pipes for
/// splice, the listening sockets, the descriptors of network namespaces, of the operators' doors and on the way between
/// UNIX sockets, and a reserve for logs, epoll instances and the like.
std::uint64_t descriptors_needed(std::uint64_t sessions, const DescriptorBase& base);

/// Returns `wanted` if the limit is high enough for it; without it, as many sessions as the limit allows. An error
/// contains both numbers.
Result<std::uint32_t> choose_max_sessions(std::optional<std::uint32_t> wanted, std::uint64_t limit,
                                          const DescriptorBase& base);

/// Raises the soft limit (RLIMIT_NOFILE) to the hard one. Returns the resulting limit.
Result<std::uint64_t> raise_descriptor_limit();

}  // namespace lastbyte::proxy
