#include "net/namespace/enter.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <thread>

#include "net/root/open.h"

namespace lastbyte::net {
namespace {

constexpr const char* kOwnFile = "/proc/thread-self/ns/net";

std::string operation(const NamespaceName& name) { return "open the network namespace " + name.text(); }

std::string file_of(const NamespaceName& name) {
  switch (name.kind) {
    case NamespaceName::Kind::own:
    case NamespaceName::Kind::pidfd: return kOwnFile;
    case NamespaceName::Kind::path: return name.path;
    case NamespaceName::Kind::name: return "/run/netns/" + name.path;
    case NamespaceName::Kind::pid: return "/proc/" + std::to_string(name.number) + "/ns/net";
  }
  return {};
}

std::string open_advice(const NamespaceName& name, int code) {
  switch (name.kind) {
    case NamespaceName::Kind::own: return code == ENOENT ? "/proc is not mounted" : "";
    case NamespaceName::Kind::pidfd:
    case NamespaceName::Kind::path: return "";
    case NamespaceName::Kind::name: return code == ENOENT ? "`ip netns list` prints the existing ones" : "";
    case NamespaceName::Kind::pid:
      if (code == ENOENT) return why_no_process(name.number);
      return code == EACCES || code == EPERM ? "the process is another user's: it needs CAP_SYS_PTRACE" : "";
  }
  return {};
}

/// Opens the file with O_PATH to examine it first: opening a device can have an effect, and opening a FIFO blocks. A
/// path in another process's root is resolved inside that root, because a symbolic link in there could lead anywhere.
/// On failure the result is empty and errno is set.
Descriptor look_at(const NamespaceName& name) {
  const auto in_root = name.kind == NamespaceName::Kind::path ? through_process(name.path) : std::nullopt;
  if (!in_root) return Descriptor(::open(file_of(name).c_str(), O_PATH | O_CLOEXEC));
  const auto root = open_root(in_root->root);
  if (root) return look_up_in(root->directory.get(), in_root->path, 0, LookUp::whole);
  errno = root.error().code;
  return {};
}

Result<Descriptor> open_file(const NamespaceName& name) {
  const Descriptor there = look_at(name);
  if (!there) {
    const int code = errno;
    return failure(operation(name), code, open_advice(name, code));
  }
  struct statfs system{};
  // `ip netns add` leaves such a file if its mount is gone, or was never visible here.
  if (::fstatfs(there.get(), &system) != 0 || system.f_type != NSFS_MAGIC)
    return failure(operation(name), EINVAL, file_of(name) + " is a file, but stands for no namespace");
  Descriptor opened(::open(("/proc/self/fd/" + std::to_string(there.get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened) return failure_from_errno(operation(name));
  if (::ioctl(opened.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
    return failure(operation(name), EINVAL, "it is a namespace of another kind");
  return opened;
}

std::string pidfd_advice(int code) {
  switch (code) {
    case EBADF: return "no such descriptor was handed over";
    case EINVAL: return "the descriptor is not that of a process (pidfd_open(2))";
    case ESRCH: return "the process has ended";
    case EPERM: return "it needs CAP_SYS_ADMIN, and CAP_SYS_PTRACE for another user's process";
    default: return "";
  }
}

/// setns(2) takes the namespace from the process itself. A number read from fdinfo could be another process's by now.
Result<Descriptor> open_of_pidfd(const NamespaceName& name) {
  Result<Descriptor> opened = Descriptor();
  std::thread([&] {
    if (::setns(static_cast<int>(name.number), CLONE_NEWNET) == 0) {
      opened = open_file(name);
    } else {
      const int code = errno;
      opened = failure(operation(name), code, pidfd_advice(code));
    }
  }).join();
  return opened;
}

}  // namespace

Result<Descriptor> open_namespace(const NamespaceName& name) {
  return name.kind == NamespaceName::Kind::pidfd ? open_of_pidfd(name) : open_file(name);
}

std::string why_no_process(std::uint32_t pid) {
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U)));
  if (process && !still_lives(process)) return "the process has ended; its parent has not waited for it";
  // kill(2) finds processes of other users, though it may not signal them.
  if (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM) return "/proc does not show that process (hidepid)";
  return "no process has that number";
}

bool same_namespace(const Descriptor& a, const Descriptor& b) {
  struct stat first{};
  struct stat second{};
  return ::fstat(a.get(), &first) == 0 && ::fstat(b.get(), &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

Result<void> enter_namespace(int network, const std::string& name) {
  if (::setns(network, CLONE_NEWNET) == 0) return {};
  const int code = errno;
  return failure("enter the network namespace " + name, code, code == EPERM ? "it needs CAP_SYS_ADMIN" : "");
}

Result<void> run_inside(int network, const std::function<void()>& function) {
  if (network < 0) {
    function();
    return {};
  }
  Result<void> outcome;
  std::thread([&] {
    outcome = enter_namespace(network, "of descriptor " + std::to_string(network));
    if (outcome) function();
  }).join();
  return outcome;
}

}  // namespace lastbyte::net
