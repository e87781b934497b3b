#include "kernel/proc/holders.h"

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace lastbyte::kernel {
namespace {

namespace fs = std::filesystem;

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "socket:[1234]"
std::optional<std::uint32_t> socket_inode(std::string_view link) {
  constexpr std::string_view kBegin = "socket:[";
  if (!link.starts_with(kBegin) || !link.ends_with(']')) return std::nullopt;
  link.remove_prefix(kBegin.size());
  link.remove_suffix(1);
  return number_in<std::uint32_t>(link);
}

}  // namespace

Result<std::vector<SocketDescriptor>> socket_descriptors(std::uint32_t pid) {
  std::vector<SocketDescriptor> all;
  std::error_code error;
  const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
  for (auto at = fs::directory_iterator(directory, error); at != fs::directory_iterator(); at.increment(error)) {
    std::error_code closed;
    const auto inode = socket_inode(fs::read_symlink(at->path(), closed).string());
    const auto descriptor = number_in<int>(at->path().filename().string());
    if (inode && descriptor) all.push_back({*descriptor, *inode});
  }
  if (error) return failure("read " + directory, error.value());
  return all;
}

Holders socket_holders() {
  Holders holders;
  std::error_code error;
  for (auto at = fs::directory_iterator("/proc", error); at != fs::directory_iterator(); at.increment(error)) {
    const auto pid = number_in<std::uint32_t>(at->path().filename().string());
    if (!pid) continue;
    const auto sockets = socket_descriptors(*pid);
    if (!sockets && sockets.error().code != ENOENT && sockets.error().code != ESRCH) ++holders.hidden;
    if (!sockets) continue;
    for (const SocketDescriptor& each : *sockets) holders.pid_of_inode.try_emplace(each.inode, *pid);
  }
  return holders;
}

std::string comm_of(std::uint32_t pid) {
  std::string comm = read_file("/proc/" + std::to_string(pid) + "/comm").value_or("");
  if (comm.ends_with('\n')) comm.pop_back();
  return comm;
}

}  // namespace lastbyte::kernel
