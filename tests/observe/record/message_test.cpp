#include "observe/record/message.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace lastbyte::observe {
namespace {

using namespace std::chrono_literals;

Message message(Statement statement) {
  const auto when = std::chrono::sys_days(std::chrono::March / 4 / 2026) + 5h + 6min + 7s + 89ms;
  return {when, Severity::warning, std::move(statement)};
}

TEST(Message, is_one_line_of_text_with_its_time_level_and_place) {
  EXPECT_EQ(to_text(message({.text = "it is full", .forwarding = "web", .setting = "listen", .place = "p.yaml:3:11"})),
            "2026-03-04T05:06:07.089Z warning: p.yaml:3:11: it is full");
  EXPECT_EQ(to_text(message({.text = "café\n\x7f"})), "2026-03-04T05:06:07.089Z warning: café\\x0a\\x7f");
}

TEST(Message, is_one_json_object_with_a_field_for_each_thing_known) {
  EXPECT_EQ(to_json(message({.text = "it is full", .forwarding = "web", .setting = "listen", .place = "p.yaml:3:11"})),
            R"({"event":"message","time":"2026-03-04T05:06:07.089Z","level":"warning","message":"it is full",)"
            R"("forwarding":"web","setting":"listen","place":"p.yaml:3:11"})");
  const auto parsed = nlohmann::json::parse(to_json(message({.text = "a \"b\"\n\xff"})));
  EXPECT_EQ(parsed["message"], "a \"b\"\n\xEF\xBF\xBD") << "invalid UTF-8 is replaced";
  for (const char* unknown : {"forwarding", "setting", "place"}) EXPECT_TRUE(parsed[unknown].is_null()) << unknown;
}

}  // namespace
}  // namespace lastbyte::observe
