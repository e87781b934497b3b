#include "lab/isolate.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/descriptor.h"
#include "base/file.h"

namespace lastbyte::lab {
namespace {

constexpr int kCouldNotSetUp = 125;

bool has_sys_admin() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

/// Finds a directory for private files: it exists, and this program's file is not below it.
const char* place_for_files() {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  for (const char* each : {"/tmp", "/var/tmp", "/run", "/mnt"}) {
    if (!self.starts_with(std::string(each) + "/") && ::access(each, F_OK) == 0) return each;
  }
  return nullptr;
}

/// Returns false on failure; errno has the reason.
bool set_up_mounts() {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  const char* place = place_for_files();
  if (place == nullptr || ::mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=256m") != 0)
    return false;
  ::setenv("TMPDIR", place, 1);
  // A container that hides parts of /proc forbids this mount. The parent's /proc stays, and works.
  ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  return true;
}

/// Maps the users of the calling process, which has just got a new user namespace.
Result<void> map_users(uid_t user, gid_t group) {
  // An unprivileged process may map groups only after this (user_namespaces(7)).
  if (auto written = write_file("/proc/self/setgroups", "deny"); !written) return written;
  if (auto written = write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1"); !written) return written;
  return write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Reports why there are no namespaces. `report` is the write end of a pipe to the caller.
[[noreturn]] void give_up(int report, const Error& why) {
  const std::string text = std::to_string(why.code) + " " + why.operation;
  [[maybe_unused]] const auto written = ::write(report, text.data(), text.size());
  ::_exit(kCouldNotSetUp);
}
[[noreturn]] void give_up(int report, const char* operation) { give_up(report, failure_from_errno(operation).value()); }

/// Returns what give_up() has reported.
Failure reported(int report) {
  std::array<char, 512> text{};
  const ssize_t got = ::read(report, text.data(), text.size() - 1);
  int code = EPERM;
  const char* const end = text.data() + std::max<ssize_t>(got, 0);
  const char* operation = std::from_chars(text.data(), end, code).ptr;
  if (operation < end) ++operation;
  return failure(operation == end ? "make namespaces" : std::string(operation, end), code,
                 code == ENOSPC ? "a limit of /proc/sys/user is used up" : "");
}

/// Experiments run at once, and one of them opens thousands of descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Blocks SIGCHLD in the process. The kernel sends it to the whole process when a child ends. If the thread that
/// started the child blocks all signals in that moment, as in pthread_create(3), the kernel does not discard the signal
/// but wakes another thread for it (kernel/signal.c sig_ignored, complete_signal). Then close() lingers for less than
/// its time.
void block_child_signals() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
}

/// Runs as the first process of the new namespaces. `alive` is the read end of a pipe that the parent holds open.
[[noreturn]] void be_first(int alive, int report, const std::function<int()>& function) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before prctl().
  pollfd gone{alive, 0, 0};
  if (::poll(&gone, 1, 0) != 0) ::_exit(kCouldNotSetUp);
  raise_descriptor_limit();
  block_child_signals();
  if (!set_up_mounts()) give_up(report, "make namespaces: mount");
  ::close(report);
  ::_exit(function());
}

/// Runs as the process between the caller and the first process. It is needed because a process cannot enter a process
/// namespace that it makes, and because the caller's own namespaces must stay.
[[noreturn]] void be_between(pid_t caller, int report, const std::function<int()>& function) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  const bool privileged = has_sys_admin();
  const int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | (privileged ? 0 : CLONE_NEWUSER);
  if (::unshare(flags) != 0) give_up(report, "make namespaces");
  // Must follow unshare(2): the kernel clears this signal when capabilities grow (kernel/cred.c commit_creds).
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != caller) ::_exit(kCouldNotSetUp);
  if (!privileged) {
    if (const auto mapped = map_users(user, group); !mapped)
      give_up(report, {.operation = "make namespaces: " + mapped.error().operation, .code = mapped.error().code});
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) ::_exit(kCouldNotSetUp);
  const pid_t first = ::fork();
  if (first < 0) give_up(report, "make namespaces: fork");
  if (first == 0) {
    ::close(ends[1]);
    be_first(ends[0], report, function);
  }
  ::_exit(wait_for(first));
}

}  // namespace

Result<int> run_isolated(const std::function<int()>& function) {
  const pid_t caller = ::getpid();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure_from_errno("pipe2");
  const Descriptor report(ends[0]);
  Descriptor of_child(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return failure_from_errno("fork");
  if (child == 0) be_between(caller, ends[1], function);
  of_child.close();
  const int status = wait_for(child);
  if (status == kCouldNotSetUp) return reported(report.get());
  return status;
}

}  // namespace lastbyte::lab
