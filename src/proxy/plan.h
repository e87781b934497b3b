// The decisions of a start and of a reload: what changes, what goes on, and how many descriptors it takes. Pure:
// nothing here touches a socket or a thread. Running carries them out.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/settings/config.h"
#include "proxy/listen/listeners.h"
#include "proxy/listen/resolve.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {

/// By the name of a forwarding of the new configuration: the name of the running forwarding that it continues.
using NamesBefore = std::unordered_map<std::string, std::string>;

struct Plan {
  /// The configuration that will run. After the start, settings of the process that need a restart keep their values.
  config::Config config;
  std::vector<std::string> need_restart;  ///< keys of the settings that `config` does not take from the wanted ones
  NamesBefore names_before;
  std::size_t listening = 0;   ///< descriptors of all listening sockets, and of the paths held beside them
  std::size_t for_groups = 0;  ///< descriptors of the probe thread: health checks, look-ups
  std::size_t in_passing = 0;  ///< descriptors that the workers hold at once on the way between UNIX sockets (T14)
};

/// `running`: the configuration in force; without forwardings before the start. `resolved`: the ports of `wanted`.
Plan plan_for(const config::Config& running, const config::Config& wanted, const std::vector<Resolved>& resolved,
              unsigned workers);

/// Gives a forwarding whose settings have not changed the object of the running one: its ports then keep their state.
void keep_identity(std::vector<Resolved>& resolved, const std::vector<Bound>& running);

/// Gives all ports of a forwarding one object of counts: that of the running forwarding which it continues, or a new
/// one. Sessions that began before the reload thus still count.
void hand_on_counts(std::vector<Bound>& next, const std::vector<Bound>& running, const NamesBefore& names_before);

/// One trouble for each forwarding that needs a capability which the process has given up.
Troubles missing_capabilities(const config::Config& config, const KeptCapabilities& kept);

/// Adds to each refusal (EACCES, EPERM) that privileges were given up at the start. Precondition: they were.
Troubles with_lost_privileges_told(Troubles troubles);

}  // namespace lastbyte::proxy
