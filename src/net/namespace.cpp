#include "net/namespace.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <thread>

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
    case NamespaceName::Kind::own:
    case NamespaceName::Kind::pidfd:
    case NamespaceName::Kind::path: return "";
    case NamespaceName::Kind::name: return code == ENOENT ? "`ip netns list` tells which there are" : "";
    case NamespaceName::Kind::pid:
      if (code == ENOENT) return "no process has that number";
      return code == EACCES || code == EPERM ? "the process is another user's: it needs CAP_SYS_PTRACE" : "";
  }
  return {};
}

/// The kernel takes any file for an argument of open(2), and says at setns(2) no more than EINVAL.
Result<void> check_kind(int fd, const NamespaceName& name) {
  const int kind = ::ioctl(fd, NS_GET_NSTYPE);
  if (kind == CLONE_NEWNET) return {};
  if (kind >= 0) return failure(operation(name), EINVAL, "it is a namespace of another kind");
  // What is left behind of `ip netns add` where its mount is gone, or was never seen here.
  return failure(operation(name), EINVAL, file_of(name) + " is a file, but stands for no namespace");
}

Result<Descriptor> open_file(const NamespaceName& name) {
  // Non-blocking, for a path may lead to a FIFO.
  Descriptor opened(::open(file_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!opened) {
    const int code = errno;
    return failure(operation(name), code, open_advice(name, code));
  }
  if (auto checked = check_kind(opened.get(), name); !checked) return Failure(checked.error());
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

/// setns(2) takes it from the process itself, where a number read from fdinfo could be another process's by now.
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
