// A run leaves nothing behind, however it ends.
#include "lab/isolate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>

#include "lab/lab.h"
#include "tests/harness/eventually.h"
#include "tests/harness/forked.h"

namespace lastbyte::lab {
namespace {

namespace fs = std::filesystem;

/// The inode numbers of namespaces of one kind that processes are in.
std::set<std::uintmax_t> namespaces(const std::string& kind) {
  std::set<std::uintmax_t> all;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    struct stat status{};
    if (::stat((at->path() / "ns" / kind).c_str(), &status) == 0) all.insert(status.st_ino);
  }
  return all;
}

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

TEST(Isolated, a_kill_at_any_moment_leaves_no_process_and_no_namespace) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  std::minstd_rand random(std::random_device{}());
  const auto before_net = namespaces("net");
  const auto before_pid = namespaces("pid");
  for (int i = 0; i < 30; ++i) {
    test::Forked run([] {
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
  // Another test's may begin meanwhile: those of before are all there may be, at some moment.
  EXPECT_TRUE(test::eventually([&] {
    const auto net = namespaces("net");
    const auto pid = namespaces("pid");
    return std::ranges::includes(before_net, net) && std::ranges::includes(before_pid, pid);
  }));
}

/// Experiments under way: networks, captures, threads and a proxy.
TEST(Isolated, a_killed_run_of_experiments_leaves_nothing) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  std::minstd_rand random(std::random_device{}());
  const auto before_net = namespaces("net");
  const auto before_pid = namespaces("pid");
  std::set<std::string> before_files;
  for (const auto& each : fs::directory_iterator(fs::temp_directory_path())) before_files.insert(each.path());
  for (int i = 0; i < 100; ++i) {
    test::Forked run([] {
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, STDOUT_FILENO);
      return lab::run({.names = {"close-unread", "pipelined-error", "timewait-where"}});
    });
    ::usleep(static_cast<useconds_t>(random() % 60'000));
    run.signal(SIGKILL);
    run.exit_status();
  }
  EXPECT_TRUE(test::eventually([&] {
    const auto net = namespaces("net");
    const auto pid = namespaces("pid");
    return std::ranges::includes(before_net, net) && std::ranges::includes(before_pid, pid);
  }));
  for (const auto& each : fs::directory_iterator(fs::temp_directory_path())) {
    const std::string name = each.path().filename();
    EXPECT_TRUE(before_files.contains(each.path()) || !name.starts_with("lastbyte-")) << name;
  }
}

}  // namespace
}  // namespace lastbyte::lab
