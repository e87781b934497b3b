// Programs as child processes, and scratch directories.
#include "process/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "base/file.h"
#include "process/eventually.h"
#include "process/proc.h"
#include "process/scratch.h"

namespace lastbyte::process {
namespace {

class Children : public ::testing::Test {
 protected:
  static Process start(const std::string& shell) {
    auto process = Process::start({"sh", "-c", shell}, -1);
    EXPECT_TRUE(process);
    return std::move(*process);
  }
  static bool comes_true(const std::function<bool()>& condition) { return eventually(condition, Duration(10'000)); }
  static int wait(Process& process) {
    comes_true([&] { return process.ended().has_value(); });
    return process.ended().value_or(-1);
  }
  static void wait_for_output(const Process& process) {
    comes_true([&] { return process.output().find('\n') != std::string::npos; });
  }
};

TEST_F(Children, output_and_status_are_kept) {
  Process process = start("echo out; echo err >&2; exit 7");
  EXPECT_EQ(wait(process), 7);
  EXPECT_EQ(process.ended(), 7);  // a second call returns the same
  process.kill();
  EXPECT_EQ(process.output(), "out\nerr\n");
}

TEST_F(Children, endless_output_takes_bounded_memory_and_no_disk) {
  Process process = start("exec yes 0123456789abcde");
  ASSERT_TRUE(comes_true([&] { return process.output().starts_with("..."); }));
  const std::string some = process.output();
  EXPECT_LE(some.size(), Capture::kKept + 100);
  // The capture reads all the time, so the child never waits for this process.
  EXPECT_TRUE(comes_true([&] { return process.output().substr(0, 40) != some.substr(0, 40); }));
  EXPECT_FALSE(process.ended());
  process.kill();
  const std::string all = process.output();
  EXPECT_LE(all.size(), Capture::kKept + 100);
  EXPECT_NE(all.find("\n0123456789abcde\n"), std::string::npos);
}

TEST_F(Children, a_suspended_group_stands_still_until_it_is_resumed) {
  Process process = start("(while :; do echo child; sleep 0.01; done) & while :; do echo parent; sleep 0.01; done");
  wait_for_output(process);
  ASSERT_TRUE(process.suspend());
  ASSERT_TRUE(group_stands_still(process.pid()));
  const auto written = [&] { return process.output().size(); };
  // Wait until its earlier output is read to the end.
  std::size_t before = 0;
  comes_true([&] { return before == std::exchange(before, written()); });
  process.resume();
  EXPECT_TRUE(comes_true([&] { return written() > before; }));
  EXPECT_FALSE(group_stands_still(process.pid()));
  process.kill();
  EXPECT_FALSE(process.suspend());
}

TEST_F(Children, of_much_output_the_end_is_kept) {
  Process process = start("head -c 1000000 /dev/zero | tr '\\0' x; echo the last word");
  EXPECT_EQ(wait(process), 0);
  process.kill();
  const std::string all = process.output();
  EXPECT_TRUE(all.ends_with("xxthe last word\n")) << all.substr(all.size() - 40);
  EXPECT_TRUE(all.starts_with("... (" + std::to_string(1'000'014 - Capture::kKept) + " bytes before this)\n"))
      << all.substr(0, 60);
}

TEST_F(Children, a_stranger_that_keeps_the_output_open_does_not_delay_the_end) {
  // The stranger has left the group and continues to write.
  Process process = start("setsid sh -c 'echo $$; exec sleep 60' & sleep 0.01; wait");
  wait_for_output(process);
  const pid_t stranger = std::stoi(process.output());
  process.kill();
  EXPECT_EQ(process.output(), std::to_string(stranger) + "\n");
  EXPECT_EQ(::kill(stranger, SIGKILL), 0);
}

TEST_F(Children, a_signal_is_the_childs_alone_and_shows_in_its_status) {
  Process process = start("echo up; exec sleep 60");
  wait_for_output(process);
  process.signal(SIGUSR1);
  EXPECT_EQ(wait(process), 128 + SIGUSR1);
}

TEST_F(Children, what_a_child_has_started_ends_with_it) {
  pid_t grandchild = 0;
  {
    const Process process = start("sleep 60 & echo $!; wait");
    wait_for_output(process);
    grandchild = std::stoi(process.output());
    ASSERT_EQ(::kill(grandchild, 0), 0);
  }
  const auto alive = [&] {
    const auto state = read_file("/proc/" + std::to_string(grandchild) + "/stat");
    return state && state->find(") Z") == std::string::npos;
  };
  EXPECT_TRUE(comes_true([&] { return !alive(); }));
}

TEST_F(Children, a_program_that_is_not_there_is_an_error) {
  const auto process = Process::start({"no-such-program"}, -1);
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().code, ENOENT);
}

TEST(ScratchDirectories, vanish_with_all_that_is_in_them) {
  std::string path;
  {
    const auto directory = ScratchDirectory::make();
    ASSERT_TRUE(directory);
    path = directory->path();
    EXPECT_TRUE(write_file(directory->file("x"), "1"));
    EXPECT_EQ(read_file(directory->file("x")), "1");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(write_file(path + "/x", "1"));
  EXPECT_FALSE(read_file(path + "/x"));
}

}  // namespace
}  // namespace lastbyte::process
