#include "base/file_rights.h"

#include <grp.h>
#include <linux/magic.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <deque>
#include <filesystem>

namespace lastbyte {
namespace {

constexpr int kMostLinks = 40;  // the kernel's limit (MAXSYMLINKS of include/linux/namei.h)

bool others_write_to(const struct stat& directory) {
  const bool group = (directory.st_mode & S_IWGRP) != 0 && directory.st_gid != 0;
  return directory.st_uid != 0 || group || (directory.st_mode & S_IWOTH) != 0;
}

/// Whether only root can rename, remove or replace `entry` of `directory`. In a sticky directory, only an entry's owner
/// can.
bool stays(const struct stat& directory, const struct stat& entry) {
  if (!others_write_to(directory)) return true;
  return directory.st_uid == 0 && (directory.st_mode & S_ISVTX) != 0 && entry.st_uid == 0;
}

/// Whether the step is a magic link. Another process decides where /proc/PID/root and cwd lead, and their text does not
/// tell.
bool leads_elsewhere(const std::filesystem::path& directory, const std::string& step) {
  struct statfs system{};
  return (step == "root" || step == "cwd") && ::statfs(directory.c_str(), &system) == 0 &&
         system.f_type == PROC_SUPER_MAGIC;
}

void put_before(std::deque<std::string>& steps, const std::filesystem::path& path) {
  auto at = steps.begin();
  for (const auto& step : path.relative_path()) at = std::next(steps.insert(at, step.string()));
}

/// setgroups(2) of the C library changes all threads; the system call changes this one only.
bool take_groups(const std::vector<gid_t>& groups) {
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

/// The calls report no failure; only a further call tells the current ids.
bool take_ids(uid_t uid, gid_t gid) {
  ::setfsgid(gid);
  ::setfsuid(uid);
  return static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) == uid &&
         static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) == gid;
}

std::optional<std::vector<gid_t>> own_groups() {
  const int count = ::getgroups(0, nullptr);
  if (count < 0) return std::nullopt;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgroups(count, groups.data()) != count) return std::nullopt;
  return groups;
}

/// Takes the rights and gives them back. A thread that cannot become root again must not continue as if it had.
class Borrowed {
 public:
  Borrowed(const FileRights& whose, std::vector<gid_t> before) : before_(std::move(before)) {
    taken_ = take_groups(whose.groups) && take_ids(whose.uid, whose.gid);
  }
  ~Borrowed() {
    if (!take_ids(::geteuid(), ::getegid()) || !take_groups(before_)) std::abort();
  }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  std::vector<gid_t> before_;
  bool taken_ = false;
};

}  // namespace

bool only_root_can_change(const std::string& path) {
  std::error_code unknown;
  const auto whole = std::filesystem::absolute(path, unknown);
  if (unknown) return false;
  std::deque<std::string> steps;
  put_before(steps, whole);
  std::filesystem::path at = "/";
  for (int links = 0; !steps.empty();) {
    const std::string step = steps.front();
    steps.pop_front();
    if (step.empty() || step == ".") continue;
    if (step == "..") {
      at = at.parent_path();
      continue;
    }
    struct stat directory{};
    if (::lstat(at.c_str(), &directory) != 0) return false;
    const auto next = at / step;
    struct stat entry{};
    if (::lstat(next.c_str(), &entry) != 0) return errno == ENOENT && !others_write_to(directory);
    if (S_ISLNK(entry.st_mode)) {
      if (++links > kMostLinks || !stays(directory, entry) || leads_elsewhere(at, step)) return false;
      const auto target = std::filesystem::read_symlink(next, unknown);
      if (unknown) return false;
      put_before(steps, target);
      if (target.is_absolute()) at = "/";
    } else if (S_ISDIR(entry.st_mode) && !steps.empty()) {
      if (!stays(directory, entry)) return false;
      at = next;
    } else {
      return !others_write_to(directory);
    }
  }
  return true;  // the root directory itself
}

Result<void> with_rights_of(const std::optional<FileRights>& whose, const std::function<Result<void>()>& work) {
  if (!whose || ::geteuid() != 0) return work();
  auto before = own_groups();
  if (!before) return failure_from_errno("read the supplementary groups");
  const Borrowed rights(*whose, std::move(*before));
  if (!rights.taken()) return failure("take the file rights of user " + std::to_string(whose->uid), EPERM);
  return work();
}

}  // namespace lastbyte
