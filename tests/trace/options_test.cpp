#include "trace/options.h"

#include <gtest/gtest.h>

#include <set>

namespace lastbyte::trace {
namespace {

using Given = std::vector<std::pair<std::string, std::string>>;

std::string error_of(const Given& given) {
  const auto options = parse(given);
  return options ? "" : options.error().text();
}

TEST(TraceOptions, are_resets_alone_by_default) {
  const auto options = parse(Given{});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->kinds, 3U);
  EXPECT_FALSE(options->level);
  EXPECT_EQ(options->rate, 1000U);
}

TEST(TraceOptions, take_what_was_given) {
  const auto options = parse(Given{{"closes", ""},
                                   {"timeouts", ""},
                                   {"time-wait", ""},
                                   {"json", ""},
                                   {"summary", ""},
                                   {"level", "raw_tp"},
                                   {"netns", "blue"},
                                   {"events", "3"},
                                   {"duration", "0.5"},
                                   {"rate", "0"},
                                   {"ring", "4096"},
                                   {"reason", "NO_SOCKET"},
                                   {"reason", "TCP_STATE"}});
  ASSERT_TRUE(options) << options.error().text();
  EXPECT_EQ(options->kinds, 0x3fU);
  EXPECT_TRUE(options->json && options->summary);
  EXPECT_EQ(options->level, kernel::Level::raw);
  EXPECT_EQ(options->namespaces.front().text(), "blue");
  EXPECT_EQ(options->events, 3U);
  EXPECT_EQ(options->duration, std::chrono::milliseconds(500));
  EXPECT_EQ(options->rate, 0U);
  EXPECT_EQ(options->ring_bytes, 4096U);
  EXPECT_EQ(options->filter.reasons.size(), 2U);
}

TEST(TraceOptions, that_are_wrong_say_what_was_expected) {
  EXPECT_EQ(error_of({{"level", "best"}}), "--level: 'best': expected tp_btf, raw_tp, tracefs or counters");
  EXPECT_EQ(error_of({{"direction", "up"}}), "--direction: 'up': expected sent or received");
  EXPECT_EQ(error_of({{"pid", "0"}}), "--pid: '0': expected 1 to 2147483647");
  EXPECT_EQ(error_of({{"ring", "5000"}}), "--ring: '5000': expected a power of two from 4096 to 268435456");
  EXPECT_EQ(error_of({{"duration", "-1"}}), "--duration: '-1': expected seconds, such as 10 or 0.5");
  EXPECT_EQ(error_of({{"netns", "a"}, {"netns", "b"}}), "--netns: 'b': given twice; expected once");
  EXPECT_NE(error_of({{"reason", "BAD"}}).find("expected one of NOT_SPECIFIED, NO_SOCKET"), std::string::npos);
  EXPECT_NE(error_of({{"port", "0"}}).find("--port: '0': expected ports from 1 to 65535"), std::string::npos);
  EXPECT_NE(error_of({{"address", "10.0.0.0/33"}}).find("--address: "), std::string::npos);
  EXPECT_NE(error_of({{"reason", "NO_SOCKET"}, {"direction", "received"}}).find("only for resets that it sends"),
            std::string::npos);
}

TEST(TraceOptions, have_each_a_sentence_and_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (const Flag& flag : flags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_TRUE(flag.help.ends_with('.')) << flag.name;
  }
}

}  // namespace
}  // namespace lastbyte::trace
