// A run leaves nothing behind, however it ends.
#include "lab/isolate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "lab/lab.h"
#include "tests/harness/eventually.h"
#include "tests/harness/forked.h"

namespace lastbyte::lab {
namespace {

namespace fs = std::filesystem;

/// Whether any process has this name. Children have their parent's until they run another program; without processes
/// the kernel keeps none of their namespaces.
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

/// Experiments under way: networks, captures, threads and a proxy.
TEST(Isolated, a_killed_run_of_experiments_leaves_nothing) {
  if (!possible()) GTEST_SKIP() << "no namespaces on this machine";
  std::minstd_rand random(std::random_device{}());
  const std::string name = name_for_run('b');
  for (int i = 0; i < 100; ++i) {
    test::Forked run([&] {
      ::prctl(PR_SET_NAME, name.c_str());
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, STDOUT_FILENO);
      return lab::run({.names = {"close-unread", "pipelined-error", "timewait-where"}});
    });
    ::usleep(static_cast<useconds_t>(random() % 60'000));
    run.signal(SIGKILL);
    run.exit_status();
  }
  EXPECT_TRUE(test::eventually([&] { return !lives(name); }));
}

}  // namespace
}  // namespace lastbyte::lab
