// How many file descriptors the work needs, and how many sessions the limit on them allows.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"

namespace lastbyte::proxy {

/// The descriptors that the process holds without any session.
struct DescriptorBase {
  unsigned workers = 1;
  std::size_t listening_sockets = 0;  ///< over all workers
  std::size_t namespaces = 0;         ///< network namespaces, sockets of theirs that are kept ready, root directories
  std::size_t doors = 0;              ///< for operators: what is listened on, and their connections
  std::size_t in_passing = 0;         ///< what workers hold for a moment on the way between UNIX sockets (T14)
};

/// Descriptors for `sessions` sessions at once: two sockets each, every worker's pipes for splice, the listening
/// sockets, what network namespaces hold, the doors for operators, what passes between UNIX sockets, and a reserve for
/// logs, epoll instances and the like.
std::uint64_t descriptors_needed(std::uint64_t sessions, const DescriptorBase& base);

/// `wanted`, if the limit is high enough for it; as many as the limit allows where none is wanted. An error names both
/// numbers.
Result<std::uint32_t> choose_max_sessions(std::optional<std::uint32_t> wanted, std::uint64_t limit,
                                          const DescriptorBase& base);

/// Raises the soft limit (RLIMIT_NOFILE) to the hard one. The limit that holds now.
Result<std::uint64_t> raise_descriptor_limit();

}  // namespace lastbyte::proxy
