#include "admin/client/place.h"

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lastbyte::admin {
namespace {

constexpr const char* kUsers = "/run/user";  // systemd-logind(8) creates each user's XDG_RUNTIME_DIR here
constexpr std::string_view kPrefix = "admin-";
constexpr std::string_view kSuffix = ".sock";

}  // namespace

std::optional<std::string> runtime_directory() {
  // The value may be several paths, separated by colons (systemd.exec(5)).
  if (const char* given = std::getenv("RUNTIME_DIRECTORY"); given != nullptr && *given == '/') {
    const std::string_view all(given);
    return std::string(all.substr(0, all.find(':')));
  }
  if (::geteuid() == 0) return kSystemRuntimeDirectory;
  if (const char* given = std::getenv("XDG_RUNTIME_DIR"); given != nullptr && *given == '/')
    return std::string(given) + "/lastbyte";
  return std::nullopt;
}

std::vector<std::string> runtime_directories() {
  std::vector<std::string> all;
  if (auto own = runtime_directory()) all.push_back(std::move(*own));
  if (::geteuid() != 0) return all;
  std::error_code error;
  for (const auto& user : std::filesystem::directory_iterator(kUsers, error)) all.push_back(user.path() / "lastbyte");
  return all;
}

std::string socket_name(pid_t pid) { return std::string(kPrefix) + std::to_string(pid) + std::string(kSuffix); }

std::optional<pid_t> pid_of_socket(std::string_view name) {
  if (name.size() <= kPrefix.size() + kSuffix.size() || !name.starts_with(kPrefix) || !name.ends_with(kSuffix))
    return std::nullopt;
  name = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size() || pid <= 0) return std::nullopt;
  return pid;
}

}  // namespace lastbyte::admin
