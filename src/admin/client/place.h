// Where the administration of a running instance is, unless the settings say otherwise: both sides agree on it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastbyte::admin {

/// That of root and of services.
inline constexpr const char* kSystemRuntimeDirectory = "/run/lastbyte";
/// The directory of automatic sockets; nullopt: this user has none.
std::optional<std::string> runtime_directory();
/// All that this user may look into: root finds those of other users, too.
std::vector<std::string> runtime_directories();
/// "admin-4711.sock"
std::string socket_name(pid_t pid);
/// The inverse; nullopt: not the name of an automatic socket. The number is that of the instance's PID namespace.
std::optional<pid_t> pid_of_socket(std::string_view name);

}  // namespace lastbyte::admin
