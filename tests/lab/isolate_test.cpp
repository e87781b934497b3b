// A run leaves nothing behind, however it ends.
#include "lab/isolate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "lab/lab.h"
#include "tests/harness/eventually.h"
#include "tests/harness/forked.h"

namespace lastbyte::lab {
namespace {

namespace fs = std::filesystem;

/// Whether any process has this name. Children keep their parent's name until they run another program. Without
/// processes, the kernel keeps none of their namespaces.
bool lives(const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    std::ifstream file(at->path() / "comm");
    std::string comm;
    if (std::getline(file, comm) && comm == name) return true;
  }
  return false;
}

/// Up to 15 characters (prctl(2)).
std::string name_for_run(char kind) { return std::string("lab-") + kind + std::to_string(::getpid()); }

bool possible() {
  return run_isolated([] { return 0; }).has_value();
}

TEST(Isolated, a_run_has_the_first_process_id_and_its_own_temporary_directory) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  const auto status = run_isolated([] {
    const std::string directory = fs::temp_directory_path();
    if (::getpid() != 1 || !fs::is_empty(directory)) return 1;
    std::ofstream(directory + "/left-behind") << "x";
    return fs::exists(directory + "/left-behind") ? 7 : 1;
  });
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(*status, 7);
  EXPECT_FALSE(fs::exists(fs::temp_directory_path() / "left-behind"));
}

TEST(Isolated, the_end_of_a_child_wakes_no_thread_of_the_run) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  const auto status = run_isolated([] {
    sigset_t blocked;
    sigemptyset(&blocked);
    ::sigprocmask(SIG_BLOCK, nullptr, &blocked);
    return sigismember(&blocked, SIGCHLD) == 1 ? 0 : 1;
  });
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_EQ(*status, 0);
}

TEST(Isolated, a_kill_at_any_moment_leaves_no_process_and_no_namespace) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  std::minstd_rand random(std::random_device{}());
  const std::string name = name_for_run('a');
  for (int i = 0; i < 30; ++i) {
    test::Forked run([&] {
      ::prctl(PR_SET_NAME, name.c_str());
      const auto status = run_isolated([] {
        if (::fork() == 0) {
          for (;;) ::pause();
        }
        for (;;) ::pause();
        return 0;
      });
      return status ? *status : 1;
    });
    ::usleep(static_cast<useconds_t>(random() % 15'000));
    run.signal(SIGKILL);
    run.exit_status();
  }
  EXPECT_TRUE(test::eventually([&] { return !lives(name); }));
}

/// Whether only the caller's own network namespace exists. A user namespace counts all of them, even those without
/// processes and files. The test sets the limit to two and checks that one more fits (user_namespaces(7),
/// /proc/sys/user).
bool only_one_network() {
  if (!write_file("/proc/sys/user/max_net_namespaces", "2")) return false;
  test::Forked one([] { return ::unshare(CLONE_NEWNET) == 0 ? 0 : 1; });
  const bool fits = one.exit_status() == 0;
  (void)write_file("/proc/sys/user/max_net_namespaces", "10000");
  return fits;
}

/// Returns the processes other than the caller. The caller is the first one of its namespace, and also reaps processes
/// whose parent was killed.
std::vector<std::string> other_processes() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos && name != "1") found.push_back(name);
  }
  return found;
}

std::vector<std::string> interfaces_but_lo() {
  std::vector<std::string> found;
  struct if_nameindex* const all = ::if_nameindex();
  for (const struct if_nameindex* each = all; each != nullptr && each->if_index != 0; ++each)
    if (std::string(each->if_name) != "lo") found.emplace_back(each->if_name);
  ::if_freenameindex(all);
  return found;
}

std::vector<std::string> files_in(const fs::path& directory) {
  std::vector<std::string> found;
  for (const auto& each : fs::directory_iterator(directory)) found.push_back(each.path());
  return found;
}

std::size_t mounts() {
  std::ifstream table("/proc/self/mounts");
  std::size_t count = 0;
  for (std::string line; std::getline(table, line);) ++count;
  return count;
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& each : words) out += " " + each;
  return out;
}

/// Kills running experiments with their networks, captures, threads and proxies. Returns as text what is left. For the
/// first process of namespaces that nobody else uses.
std::string left_by_killed_runs(int kills) {
  std::minstd_rand random(std::random_device{}());
  const std::size_t mounts_before = mounts();
  for (int i = 0; i < kills; ++i) {
    test::Forked run([] {
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
      return lab::run({.names = {"close-unread", "pipelined-error", "nginx-lingering", "timewait-where", "bind-matrix"},
                       .json = fs::temp_directory_path() / "report.json"});
    });
    ::usleep(static_cast<useconds_t>(random() % 250'000));
    run.signal(SIGKILL);
    run.exit_status();
  }
  if (!test::eventually([] { return other_processes().empty(); })) return "processes:" + listed(other_processes());
  if (!test::eventually(only_one_network)) return "a network namespace";
  if (!interfaces_but_lo().empty()) return "interfaces:" + listed(interfaces_but_lo());
  const auto files = files_in(fs::temp_directory_path());
  if (!files.empty()) return "files:" + listed(files);
  if (mounts() != mounts_before) return "mounts";
  return {};
}

/// Moves the calling process into a user namespace. It is the only user there.
bool enter_own_users() {
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  return ::unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/uid_map", "0 " + user + " 1") && write_file("/proc/self/gid_map", "0 " + group + " 1");
}

TEST(Isolated, a_limit_of_namespaces_that_is_used_up_is_named) {
  constexpr int kNotToBeHad = 77;
  test::Forked apart([] {
    if (!enter_own_users() || !write_file("/proc/sys/user/max_net_namespaces", "0")) return kNotToBeHad;
    const auto status = run_isolated([] { return 0; });
    return !status && status.error().code == ENOSPC && status.error().text().find("/proc/sys/user") != std::string::npos
               ? 0
               : 1;
  });
  const int status = apart.exit_status();
  if (status == kNotToBeHad) GTEST_SKIP() << "no user namespaces on this machine";
  EXPECT_EQ(status, 0);
}

TEST(Isolated, killed_runs_leave_no_process_namespace_interface_mount_or_file) {
  const char* const wanted = std::getenv("LASTBYTE_LAB_KILLS");
  const int kills = wanted == nullptr ? 30 : std::atoi(wanted);
  constexpr int kNotToBeHad = 77;
  test::Forked apart([&] {
    if (!enter_own_users()) return kNotToBeHad;
    const auto status = run_isolated([&] {
      // In a container that hides parts of /proc, nobody may mount another /proc.
      if (!other_processes().empty()) return kNotToBeHad;
      const std::string left = left_by_killed_runs(kills);
      if (!left.empty()) std::fprintf(stderr, "left behind: %s\n", left.c_str());
      return left.empty() ? 0 : 1;
    });
    return status ? *status : kNotToBeHad;
  });
  const int status = apart.exit_status();
  if (status == kNotToBeHad) GTEST_SKIP() << "no user namespaces, or no /proc of its own, on this machine";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace lastbyte::lab
