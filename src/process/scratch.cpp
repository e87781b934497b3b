#include "process/scratch.h"

#include <stdlib.h>

#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/time.h"

namespace lastbyte::process {
namespace {

/// A child that was killed a moment ago may still create a file in a directory during its removal.
constexpr int kAttempts = 50;
constexpr Duration kBetweenAttempts{2};

struct Registry {
  std::mutex mutex;
  std::set<std::filesystem::path> paths;
};

/// Never destroyed: a thread may use it while the process exits.
Registry& registry() {
  static auto* one = new Registry;
  return *one;
}

void remove_persistently(const std::filesystem::path& path) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (!error) return;
    std::this_thread::sleep_for(kBetweenAttempts);
  }
}

}  // namespace

Result<ScratchDirectory> ScratchDirectory::make() {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "lastbyte-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) return failure_from_errno("mkdtemp " + name);
  all.paths.insert(name);
  // A proxy may drop its privileges before it reads its files.
  std::filesystem::permissions(name, std::filesystem::perms(0755), error);
  return ScratchDirectory(name);
}

ScratchDirectory::~ScratchDirectory() {
  if (path_.empty()) return;
  remove_persistently(path_);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.paths.erase(path_);
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchDirectory& ScratchDirectory::operator=(ScratchDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

void ScratchDirectory::remove_all() {
  Registry& all = registry();
  all.mutex.lock();  // never unlocked
  for (const auto& each : all.paths) remove_persistently(each);
}

}  // namespace lastbyte::process
