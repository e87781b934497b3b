#include "base/options/flags.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace lastbyte {
namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

struct Options {
  std::uint64_t count = 0;
  bool loud = false;
};

constexpr std::array<Flag<Options>, 2> kFlags{
    Flag<Options>{"count", "N", "How many.",
                  [](Options& options, std::string_view value) -> Result<void> {
                    const auto number = whole_number(value, 1, 9);
                    if (!number) return Failure(number.error());
                    options.count = *number;
                    return {};
                  }},
    Flag<Options>{"loud", "", "Loudly.",
                  [](Options& options, std::string_view) -> Result<void> {
                    options.loud = true;
                    return {};
                  },
                  "Manner"},
};

std::string error_of(const Given& given) {
  Options options;
  const auto applied = apply_flags<Options>(kFlags, given, options);
  return applied ? "" : applied.error().text();
}

TEST(Flags, are_applied_in_their_order) {
  Options options;
  ASSERT_TRUE(apply_flags<Options>(kFlags, Given{{"count", "3"}, {"loud", ""}, {"count", "4"}}, options));
  EXPECT_EQ(options.count, 4U);
  EXPECT_TRUE(options.loud);
}

TEST(Flags, that_are_wrong_name_themselves_and_what_was_expected) {
  EXPECT_EQ(error_of({{"count", "0"}}), "--count: '0': expected 1 to 9");
  EXPECT_EQ(error_of({{"count", "3x"}}), "--count: '3x': expected 1 to 9");
  EXPECT_EQ(error_of({{"count", ""}}), "--count: '': expected 1 to 9");
  EXPECT_EQ(error_of({{"quiet", ""}}), "--quiet: no such flag");
}

}  // namespace
}  // namespace lastbyte
