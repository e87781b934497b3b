#include "proxy/watch/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace lastbyte::proxy {
namespace {

/// Reads the figures of this process. start_seconds counts from the boot (field 22 of /proc/self/stat).
void read_stat(observe::ProcessSnapshot& figures) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // The second field is the program's name in parentheses. It may contain any character.
  std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
  std::string word;
  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (int field = 3; rest >> word; ++field) {
    switch (field) {
      case 14:
      case 15: figures.cpu_seconds += std::stod(word) * tick; break;
      case 20: figures.threads = std::stoull(word); break;
      case 22: figures.start_seconds = std::stod(word) * tick; break;
      case 23: figures.virtual_bytes = std::stoull(word); break;
      case 24: figures.resident_bytes = std::stoull(word) * page; return;
      default: break;
    }
  }
}

double boot_seconds() {
  timespec wall{};
  timespec since_boot{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return static_cast<double>(wall.tv_sec - since_boot.tv_sec) +
         static_cast<double>(wall.tv_nsec - since_boot.tv_nsec) / 1e9;
}

std::uint64_t open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  if (!directory) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(directory.get())) count += entry->d_name[0] != '.' ? 1U : 0U;
  return count > 0 ? count - 1 : 0;  // without the directory itself
}

}  // namespace

observe::ProcessSnapshot process_figures() {
  observe::ProcessSnapshot figures;
  read_stat(figures);
  // Static, because the wall clock may be set later.
  static const double kStarted = boot_seconds() + figures.start_seconds;
  figures.start_seconds = kStarted;
  figures.open_descriptors = open_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_descriptors = limit.rlim_cur;
  return figures;
}

}  // namespace lastbyte::proxy
