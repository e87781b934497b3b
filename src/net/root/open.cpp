#include "net/root/open.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>

namespace lastbyte::net {
namespace {

std::string operation(const RootName& name) { return "open the root directory " + name.text(); }

std::string open_advice(const RootName& name, int code) {
  const bool of_process = name.kind == RootName::Kind::pid || name.kind == RootName::Kind::pidfd;
  if (of_process && (code == ENOENT || code == ESRCH)) return "there is no such process";
  if (of_process && (code == EACCES || code == EPERM)) return "the process is another user's: it needs CAP_SYS_PTRACE";
  return "";
}

Failure open_failure(const RootName& name, int code) { return failure(operation(name), code, open_advice(name, code)); }

Descriptor open_directory(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// The number of the process behind a pidfd (proc(5), fdinfo); 0: it is no pidfd, or the process has ended.
std::uint32_t process_behind(int pidfd) {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(pidfd));
  for (std::string word; info >> word;) {
    std::int64_t number = 0;
    if (word == "Pid:" && info >> number) return number > 0 ? static_cast<std::uint32_t>(number) : 0;
  }
  return 0;
}

Descriptor open_process(const RootName& name) {
  if (name.kind == RootName::Kind::pidfd) return Descriptor(::fcntl(static_cast<int>(name.number), F_DUPFD_CLOEXEC, 0));
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(name.number), 0U)));
}

Result<OpenedRoot> open_of_process(const RootName& name) {
  OpenedRoot opened;
  opened.process = open_process(name);
  if (!opened.process) return open_failure(name, errno);
  const std::uint32_t number = name.kind == RootName::Kind::pidfd ? process_behind(opened.process.get()) : name.number;
  if (number == 0) return failure(operation(name), ESRCH, "expected the descriptor of a running process");
  opened.directory = open_directory("/proc/" + std::to_string(number) + "/root");
  if (!opened.directory) return open_failure(name, errno);
  // The number is certain to be this process's only while the process lives.
  if (!still_lives(opened.process)) return open_failure(name, ESRCH);
  return opened;
}

struct DirectoryIdentity {
  std::uint32_t major;
  std::uint32_t minor;
  std::uint64_t inode;
  std::uint64_t mount;
  friend bool operator==(const DirectoryIdentity&, const DirectoryIdentity&) = default;
};

constexpr unsigned kUniqueMount = 0x4000;  // STATX_MNT_ID_UNIQUE of linux/stat.h, since Linux 6.8

std::optional<DirectoryIdentity> directory_identity(int fd) {
  struct statx status{};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &status) != 0) return std::nullopt;
  return DirectoryIdentity{status.stx_dev_major, status.stx_dev_minor, status.stx_ino, status.stx_mnt_id};
}

}  // namespace

Result<OpenedRoot> open_root(const RootName& name) {
  switch (name.kind) {
    case RootName::Kind::pid:
    case RootName::Kind::pidfd: return open_of_process(name);
    case RootName::Kind::own:
    case RootName::Kind::path: break;
  }
  OpenedRoot opened;
  opened.directory = open_directory(name.own() ? "/" : name.path);
  if (!opened.directory) return open_failure(name, errno);
  return opened;
}

bool same_directory(int a, int b) {
  const auto first = directory_identity(a);
  return first && first == directory_identity(b);
}

bool still_lives(const Descriptor& process) {
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, 0) == 0;
}

Descriptor look_up_in(int root, const std::string& path, int flags, LookUp how) {
  // Concurrent renames and mounts make openat2() fail with EAGAIN if the path has a ".." (fs/namei.c handle_dots).
  // Bounded retries prevent a container that repeats them from blocking us.
  constexpr int kMostTries = 32;
  open_how wanted{};
  wanted.flags = static_cast<unsigned>(O_PATH | O_CLOEXEC | flags);
  wanted.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  if (how == LookUp::cached) wanted.resolve |= RESOLVE_CACHED;
  for (int tries = 1;; ++tries) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &wanted, sizeof wanted);
    if (fd >= 0) return Descriptor(static_cast<int>(fd));
    // RESOLVE_CACHED needs Linux 5.12.
    if (how == LookUp::cached && errno == EINVAL) errno = EAGAIN;
    if (errno != EAGAIN || how == LookUp::cached || tries == kMostTries) return {};
  }
}

std::optional<std::uint64_t> mount_of(int fd) {
  struct statx status{};
  // Without DONT_SYNC, FUSE would ask its server for attributes (fs/fuse/dir.c fuse_update_get_attr).
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, kUniqueMount, &status) != 0) return std::nullopt;
  if ((status.stx_mask & kUniqueMount) == 0) return std::nullopt;
  return status.stx_mnt_id;
}

bool is_on_local_file_system(int fd) {
  constexpr decltype(statfs::f_type) kZfs = 0x2fc12fc1;
  struct statfs status{};
  if (::fstatfs(fd, &status) != 0) return false;
  switch (status.f_type) {
    case TMPFS_MAGIC:
    case RAMFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case kZfs: return true;
    // overlayfs may have any other file system below it.
    default: return false;
  }
}

int own_proc() {
  static const int fd = ::open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd;
}

Address name_of_file(int fd, Seen seen) {
  const std::string path = (seen == Seen::from_outside ? "/proc/self/fd/" : "fd/") + std::to_string(fd);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path);
  return Address::from_kernel(reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

}  // namespace lastbyte::net
