// The listening sockets for operators: metrics, administration, dashboard. They are bound before privileges are
// dropped.
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

/// The most clients that each door has at the same time.
inline constexpr std::size_t kMetricsClients = 16;
inline constexpr std::size_t kAdminClients = 16;
inline constexpr std::size_t kDashboardClients = 32;

struct OpenDoor {
  std::vector<Descriptor> listening;   ///< empty: the door is closed
  std::vector<net::SocketFile> files;  ///< removed with the door
  std::string at;  ///< for the operator: "127.0.0.1:9100", "unix:/run/lastbyte/admin-4711.sock"; empty: closed
};

struct OpenDoors {
  OpenDoor metrics;
  OpenDoor admin;
  OpenDoor dashboard;
  std::string token;  ///< empty: no token
};

/// Binds all configured doors. `user`: the user that a root process will become; it owns the files of UNIX sockets.
/// Blocks while names are looked up. If the administration's socket is automatic and cannot be bound, its door stays
/// closed.
Result<OpenDoors> open_doors(const config::Doors& doors, const std::optional<FileRights>& user);

/// Returns the most descriptors that the doors need.
std::size_t descriptors_of(const config::Doors& doors);

}  // namespace lastbyte::proxy
