// Two looks at the sockets of a network namespace, a window apart, and what they tell of each socket. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// Who holds sockets: by SO_COOKIE as BPF tells it, by inode as /proc/PID/fd does.
struct Owners {
  std::map<std::uint64_t, kernel::ProcessName> by_cookie = {};
  std::map<std::uint32_t, kernel::ProcessName> by_inode = {};
};

/// The sockets of the second look. `idle` of a listener is how long a connection has waited there at least.
std::vector<Socket> compare_looks(const std::vector<net::diag::Socket>& first,
                                  const std::vector<net::diag::Socket>& second, const Owners& owners);

/// A descriptor of a process as sock_diag(7) alone tells it: without options.
HeldSocket held_without_options(const net::diag::Socket& socket, const kernel::ProcessName& process, int descriptor);

/// Adds the figures to each descriptor whose socket is among those of the namespace.
void add_figures(std::vector<HeldSocket>& held, const std::vector<Socket>& sockets);

}  // namespace lastbyte::doctor
