// The place of a running instance's administration, unless the settings name another. Server and client share this
// file.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastbyte::admin {

/// The directory of root and of services.
inline constexpr const char* kSystemRuntimeDirectory = "/run/lastbyte";
/// Returns this user's directory for automatic sockets; nullopt: there is none.
std::optional<std::string> runtime_directory();
/// Returns all directories that this user may search: for root, also those of other users.
std::vector<std::string> runtime_directories();
/// Returns "admin-4711.sock".
std::string socket_name(pid_t pid);
/// The inverse of socket_name(); nullopt: no name of an automatic socket. The pid is that of the instance's PID
/// namespace.
std::optional<pid_t> pid_of_socket(std::string_view name);

}  // namespace lastbyte::admin
