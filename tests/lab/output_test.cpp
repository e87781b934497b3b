// Files of a run: complete, or not there.
#include "lab/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "process/scratch.h"
#include "tests/harness/forked.h"

namespace lastbyte::lab {
namespace {

namespace fs = std::filesystem;

constexpr int kNotHere = 77;

/// Moves the calling process to where `directory` is a file system of 16 KiB.
bool mount_small(const std::string& directory) {
  if (::geteuid() != 0 && ::unshare(CLONE_NEWUSER) != 0) return false;
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=16k") == 0;
}

bool failed_for_want_of_room(const Result<void>& written) { return !written && written.error().code == ENOSPC; }

TEST(LabOutput, a_full_disk_leaves_no_part_of_a_new_file) {
  const auto directory = process::ScratchDirectory::make();
  ASSERT_TRUE(directory);
  test::Forked apart([&] {
    if (!mount_small(directory->path())) return kNotHere;
    const std::string much(100'000, 'x');
    const auto report = open_output(directory->file("report.json"));
    const auto captures = open_output_directory(directory->file("captures"));
    if (!report || !captures) return 1;
    if (!failed_for_want_of_room(write_output(*report, much))) return 2;
    if (!failed_for_want_of_room(write_in(*captures, "one.pcapng", much))) return 3;
    if (!write_in(*captures, "two.svg", "small")) return 4;
    const bool left = fs::exists(directory->file("report.json")) || fs::exists(directory->file("captures/one.pcapng"));
    return left ? 5 : 0;
  });
  const int status = apart.exit_status();
  if (status == kNotHere) GTEST_SKIP() << "no mounts of one's own on this machine";
  EXPECT_EQ(status, 0);
}

TEST(LabOutput, a_new_file_appears_when_it_is_written_and_an_old_one_is_replaced) {
  const auto directory = process::ScratchDirectory::make();
  ASSERT_TRUE(directory);
  const std::string path = directory->file("report.html");
  {
    const auto opened = open_output(path);
    ASSERT_TRUE(opened) << opened.error().text();
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(write_output(*opened, "the first report"));
  }
  EXPECT_EQ(read_file(path).value(), "the first report");
  const auto again = open_output(path);
  ASSERT_TRUE(again);
  EXPECT_EQ(read_file(path).value(), "the first report");
  ASSERT_TRUE(write_output(*again, "the next"));
  EXPECT_EQ(read_file(path).value(), "the next");
  const auto in = open_output_directory(directory->path());
  ASSERT_TRUE(in);
  ASSERT_TRUE(write_in(*in, "report.html", "the last"));
  EXPECT_EQ(read_file(path).value(), "the last");
}

TEST(LabOutput, a_place_where_nothing_can_be_written_is_an_error_before_the_run) {
  const auto directory = process::ScratchDirectory::make();
  ASSERT_TRUE(directory);
  EXPECT_FALSE(open_output(directory->file("missing/report.json")));
  EXPECT_FALSE(open_output_directory(directory->file("missing/captures")));
  ASSERT_TRUE(write_file(directory->file("file"), "x"));
  EXPECT_FALSE(open_output_directory(directory->file("file")));
  EXPECT_FALSE(open_output("").value());
}

TEST(LabOutput, standard_output_that_is_full_is_an_error) {
  test::Forked apart([] {
    ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    const auto standard = open_output("-");
    return standard && failed_for_want_of_room(write_output(*standard, "x")) && failed_for_want_of_room(print("x")) ? 0
                                                                                                                    : 1;
  });
  EXPECT_EQ(apart.exit_status(), 0);
}

}  // namespace
}  // namespace lastbyte::lab
