// The changes by a new configuration, for the operator. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proxy/listen/listeners.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::proxy {

/// The changes of the forwardings, for the operator.
struct Changes {
  struct Forwarding {
    std::string name;
    std::string before;             ///< its name until now; empty: it is new
    std::vector<std::string> keys;  ///< of its settings that are different
    std::string anew;               ///< "bound anew: REASON" where an address that it had before has a new socket
    std::string where;              ///< of its first port: "127.0.0.1:80 -> 10.0.0.1:80"
    std::size_t ports = 1;

    /// "127.0.0.1:80 -> 10.0.0.1:80 (web, 4 ports)"
    [[nodiscard]] std::string text() const;
  };
  std::vector<Forwarding> added;
  std::vector<Forwarding> changed;  ///< also where only its names lead elsewhere now
  std::vector<Forwarding> removed;
  std::size_t kept = 0;
  std::vector<std::string> groups;        ///< "changed (policy, members): group web": a line for each that is different
  std::vector<std::string> need_restart;  ///< keys of the process's settings that stay as they are
  Troubles troubles;                      ///< files of UNIX sockets that are left; what may not work now
};

/// Settings, and where they have led.
struct State {
  const std::vector<relay::Forwarding>& forwardings;
  const std::vector<Bound>& bound;  ///< the ports of a forwarding stand together
};

/// All but `groups`, `need_restart` and `troubles`.
Changes changes_between(const State& before, const State& after);

/// The lines of Changes::groups.
std::vector<std::string> group_changes(const std::vector<upstream::Group>& before,
                                       const std::vector<upstream::Group>& after);

}  // namespace lastbyte::proxy
