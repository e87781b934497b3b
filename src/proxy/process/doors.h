// The listening sockets for operators: metrics, administration, dashboard. Bound before privileges are dropped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/file_rights.h"
#include "base/result.h"
#include "config/settings/config.h"
#include "net/unix/listener.h"

namespace lastbyte::proxy {

/// Clients that each door has at a time.
inline constexpr std::size_t kMetricsClients = 16;
inline constexpr std::size_t kAdminClients = 16;
inline constexpr std::size_t kDashboardClients = 32;

struct OpenDoor {
  std::vector<Descriptor> listening;   ///< empty: the door is shut
  std::vector<net::SocketFile> files;  ///< removed with it
  std::string at;  ///< for the operator: "127.0.0.1:9100", "unix:/run/lastbyte/admin-4711.sock"; empty: it is shut
};

struct OpenDoors {
  OpenDoor metrics;
  OpenDoor admin;
  OpenDoor dashboard;
  std::string token;  ///< empty: there is none
};

/// Binds all that the settings want. `user`: whom a root process will become, who owns the files of UNIX sockets.
/// Blocks while names are looked up. Where the administration's socket is automatic and cannot be had, its door is
/// shut.
Result<OpenDoors> open_doors(const config::Doors& doors, const std::optional<FileRights>& user);

/// How many descriptors the doors need at most.
std::size_t descriptors_of(const config::Doors& doors);

}  // namespace lastbyte::proxy
