// Compares two looks at the sockets of a network namespace, one window apart. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// The processes that hold sockets: by SO_COOKIE from BPF, by inode from /proc/PID/fd.
struct Owners {
  std::map<std::uint64_t, kernel::ProcessName> by_cookie = {};
  std::map<std::uint32_t, kernel::ProcessName> by_inode = {};
};

/// Returns the sockets of the second look. A listener's `idle` is the least time that a connection has waited for
/// accept().
std::vector<Socket> compare_looks(const std::vector<net::diag::Socket>& first,
                                  const std::vector<net::diag::Socket>& second, const Owners& owners);

/// Returns a process's descriptor with what sock_diag(7) reports: it has no options.
HeldSocket held_without_options(const net::diag::Socket& socket, const kernel::ProcessName& process, int descriptor);

/// Adds the figures to each descriptor whose socket is in `sockets`.
void add_figures(std::vector<HeldSocket>& held, const std::vector<Socket>& sockets);

}  // namespace lastbyte::doctor
