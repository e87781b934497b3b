// Tests the target of a request line.
#include "admin/http/target.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lastbyte::admin {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

TEST(Target, path_and_query_are_decoded) {
  const auto target = parse_target("/v1/a%20b+c?name=x+y%26z&flag&&empty=");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/a b+c");
  EXPECT_EQ(target->query, (Query{{"name", "x y&z"}, {"flag", ""}, {"empty", ""}}));
}

TEST(Target, an_encoded_slash_is_part_of_its_segment) {
  EXPECT_EQ(segments_of("/v1/forwardings/unix:%2Frun%2Fa.sock/drain?x=/"),
            (std::vector<std::string>{"v1", "forwardings", "unix:/run/a.sock", "drain"}));
  EXPECT_EQ(segments_of("/"), (std::vector<std::string>{""}));
}

TEST(Target, what_is_no_path_is_refused) {
  for (const char* wrong : {"", "*", "http://a/", "v1", "/%", "/%4", "/%zz", "/a%00b", "/a%0ab", "/?a=%", "/?%0d=1"})
    EXPECT_FALSE(parse_target(wrong)) << wrong;
  EXPECT_FALSE(segments_of("/v1/%zz"));
}

RC_GTEST_PROP(TargetProperty, any_bytes_are_told_and_never_crash, (const std::string& text)) {
  const auto target = parse_target("/" + text);
  if (!target) return;
  const auto clean = [](const std::string& part) {
    return std::ranges::all_of(part, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
  };
  RC_ASSERT(target->path.starts_with('/') && clean(target->path));
  for (const auto& [key, value] : target->query) RC_ASSERT(clean(key) && clean(value));
}

}  // namespace
}  // namespace lastbyte::admin
