#include "kernel/proc/owner.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"

namespace lastbyte::kernel {
namespace {

constexpr std::string_view kNamed = "/run/netns";

std::uint32_t inode_of(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint32_t>(found.st_ino) : 0;
}

bool is_unit(std::string_view part) {
  for (const std::string_view kind : {".service", ".scope", ".socket", ".slice"})
    if (part.ends_with(kind) && part.size() > kind.size()) return true;
  return false;
}

}  // namespace

std::string unit_in_cgroup(std::string_view file) {
  // The file has "0::/system.slice/nginx.service", or one line per controller. The innermost unit is the process's own.
  std::string_view best;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size());
    std::string_view path = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    path = path.substr(std::min(path.rfind(':') + 1, path.size()));
    while (!path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      const std::string_view part = path.substr(0, slash);
      if (is_unit(part) && (!part.ends_with(".slice") || best.empty())) best = part;
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    if (!best.empty()) break;
  }
  return std::string(best.ends_with(".slice") ? std::string_view() : best);
}

std::string unit_of(std::uint32_t pid) {
  return pid == 0 ? std::string() : unit_in_cgroup(read_file("/proc/" + std::to_string(pid) + "/cgroup").value_or(""));
}

const std::string& NetworkNames::name(std::uint32_t inode) {
  if (names_.empty()) names_[0] = "-";
  if (!names_.contains(inode)) look();
  auto [found, added] = names_.try_emplace(inode);
  if (added) found->second = "net:[" + std::to_string(inode) + "]";
  return found->second;
}

void NetworkNames::look() {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(kNamed, none))
    if (const auto inode = inode_of(entry.path()); inode != 0) names_[inode] = entry.path().filename();
  if (const auto inode = inode_of("/proc/1/ns/net"); inode != 0) names_[inode] = "host";
  if (const auto inode = own_network_inode(); inode != 0) names_.try_emplace(inode, "own");
}

std::uint32_t network_inode(int descriptor) {
  struct stat found{};
  return ::fstat(descriptor, &found) == 0 ? static_cast<std::uint32_t>(found.st_ino) : 0;
}

std::uint32_t own_network_inode() { return inode_of("/proc/thread-self/ns/net"); }

}  // namespace lastbyte::kernel
