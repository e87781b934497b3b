// The changes that a new configuration makes, for the operator. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proxy/listen/listeners.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::proxy {

struct Changes {
  struct Forwarding {
    std::string name;
    std::string before;             ///< its name until now; empty: it is new
    std::vector<std::string> keys;  ///< keys of the settings that differ
    std::string anew;               ///< "bound anew: REASON" if an address that it already had has a new socket
    std::string where;              ///< addresses of its first port: "127.0.0.1:80 -> 10.0.0.1:80"
    std::size_t ports = 1;

    /// "127.0.0.1:80 -> 10.0.0.1:80 (web, 4 ports)"
    [[nodiscard]] std::string text() const;
  };
  std::vector<Forwarding> added;
  std::vector<Forwarding> changed;  ///< includes forwardings of which only the names resolve differently now
  std::vector<Forwarding> removed;
  std::size_t kept = 0;
  std::vector<std::string> groups;        ///< "changed (policy, members): group web": a line for each that differs
  std::vector<std::string> need_restart;  ///< keys of the process's settings that a reload cannot change
  Troubles troubles;                      ///< files of UNIX sockets that could not be removed; what may not work now
};

/// Settings, and the addresses that they resolved to.
struct State {
  const std::vector<relay::Forwarding>& forwardings;
  const std::vector<Bound>& bound;  ///< the ports of a forwarding are adjacent
};

/// Returns all changes except `groups`, `need_restart` and `troubles`.
Changes changes_between(const State& before, const State& after);

/// Returns the lines of Changes::groups.
std::vector<std::string> group_changes(const std::vector<upstream::Group>& before,
                                       const std::vector<upstream::Group>& after);

}  // namespace lastbyte::proxy
