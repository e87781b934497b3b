#include "net/names/namespace.h"

#include <gtest/gtest.h>

namespace lastbyte::net {
namespace {

using Kind = NamespaceName::Kind;

TEST(NamespaceName, is_none_a_path_a_name_or_of_a_process) {
  EXPECT_EQ(NamespaceName::parse("none"), NamespaceName{});
  EXPECT_TRUE(NamespaceName{}.own());
  EXPECT_EQ(NamespaceName::parse("/proc/1/ns/net"), (NamespaceName{Kind::path, "/proc/1/ns/net", 0}));
  EXPECT_EQ(NamespaceName::parse("/run/my ns"), (NamespaceName{Kind::path, "/run/my ns", 0}));
  EXPECT_EQ(NamespaceName::parse("blue-1.2_3"), (NamespaceName{Kind::name, "blue-1.2_3", 0}));
  EXPECT_EQ(NamespaceName::parse("pid:1"), (NamespaceName{Kind::pid, "", 1}));
  EXPECT_EQ(NamespaceName::parse("pid:2147483647"), (NamespaceName{Kind::pid, "", 2147483647}));
  EXPECT_EQ(NamespaceName::parse("pidfd:3"), (NamespaceName{Kind::pidfd, "", 3}));
  EXPECT_FALSE(NamespaceName::parse("pid:1")->own());
}

TEST(NamespaceName, prints_what_it_reads_again) {
  for (const std::string text : {"none", "/proc/1/ns/net", "blue", "pid:1234", "pidfd:5"}) {
    const auto name = NamespaceName::parse(text);
    ASSERT_TRUE(name) << name.error();
    EXPECT_EQ(name->text(), text);
  }
}

std::string wrong(std::string_view text) {
  const auto name = NamespaceName::parse(text);
  return name ? "nothing" : name.error();
}

TEST(NamespaceName, wrong_ones_say_what_was_expected) {
  const std::string all = "expected a path, a name of `ip netns`, pid:NUMBER, pidfd:NUMBER or none";
  for (const std::string& text :
       {std::string(), std::string("a/b"), std::string("."), std::string(".."), std::string("a b"), std::string("a:b"),
        std::string("a\n"), std::string("/a\n"), std::string(256, 'a'), "/" + std::string(4095, 'a')}) {
    EXPECT_EQ(wrong(text), all) << text;
  }
  for (const auto* text : {"pid:", "pid:0", "pid:-1", "pid:01", "pid:x", "pid:2147483648", "pid:1 "}) {
    EXPECT_EQ(wrong(text), "expected pid:NUMBER, from 1 up") << text;
  }
  // 0 to 2 are the standard streams.
  for (const auto* text : {"pidfd:", "pidfd:2", "pidfd:x"}) {
    EXPECT_EQ(wrong(text), "expected pidfd:NUMBER, from 3 up") << text;
  }
}

}  // namespace
}  // namespace lastbyte::net
