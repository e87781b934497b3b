#include "net/names/root.h"

#include <gtest/gtest.h>

namespace lastbyte::net {
namespace {

using Kind = RootName::Kind;

TEST(RootName, is_none_a_path_or_of_a_process) {
  EXPECT_EQ(RootName::parse("none"), RootName{});
  EXPECT_TRUE(RootName{}.own());
  EXPECT_EQ(RootName::parse("/var/lib/machines/my guest"), (RootName{Kind::path, "/var/lib/machines/my guest", 0}));
  EXPECT_EQ(RootName::parse("pid:1"), (RootName{Kind::pid, "", 1}));
  EXPECT_EQ(RootName::parse("pidfd:3"), (RootName{Kind::pidfd, "", 3}));
  for (const std::string text : {"none", "/r", "pid:1234", "pidfd:5"}) EXPECT_EQ(RootName::parse(text)->text(), text);
}

TEST(RootName, wrong_ones_say_what_was_expected) {
  for (const std::string& text : {std::string(), std::string("blue"), std::string("a/b"), std::string("/a\n")})
    EXPECT_EQ(RootName::parse(text).error(), "expected a path, pid:NUMBER, pidfd:NUMBER or none") << text;
  EXPECT_EQ(RootName::parse("pid:0").error(), "expected pid:NUMBER, from 1 up");
  EXPECT_EQ(RootName::parse("pidfd:x").error(), "expected pidfd:NUMBER, from 3 up");
}

TEST(RootName, paths_through_a_process_are_split) {
  const auto split = [](std::string_view path) {
    const auto found = through_process(path);
    return found ? found->root.text() + " " + found->path : "plain";
  };
  EXPECT_EQ(split("/proc/1234/root/run/x"), "pid:1234 /run/x");
  EXPECT_EQ(split("//proc/./1234///root//run/x"), "pid:1234 //run/x");
  EXPECT_EQ(split("/proc/1234/root/../x"), "pid:1234 /../x");
  EXPECT_EQ(split("/proc/12/task/34/root/x"), "/proc/12/task/34/root /x");
  EXPECT_EQ(split("/proc/12/cwd/x/y"), "/proc/12/cwd /x/y");
  EXPECT_EQ(split("/proc/12/fd/3/x"), "/proc/12/fd/3 /x");
  EXPECT_EQ(split("/proc/0012/root/x"), "/proc/0012/root /x") << "no such process";
  for (const char* path : {"/run/x", "/proc/self/root/x", "/proc/12/ns/net", "/proc/12/root", "/proc/12/root/",
                           "/proc/12/fd/3", "/proc/12/rooted/x", "/proc/12/task/x/root/y", "proc/12/root/x", "@x", ""})
    EXPECT_EQ(split(path), "plain") << path;
}

}  // namespace
}  // namespace lastbyte::net
