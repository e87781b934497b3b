#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "observe/record/text.h"
#include "tests/observe/record/endings.h"

namespace lastbyte::observe {
namespace {

TEST(RecordJson, tells_a_complete_session_field_by_field) {
  EXPECT_EQ(
      to_json(complete_record()),
      R"({"event":"end","started":"2026-03-04T05:06:07.089Z","ended":"2026-03-04T05:06:08.293Z","id":1,"forwarding":"web",)"
      R"("listen":"192.0.2.1:8080",)"
      R"("complete":true,"summary":"complete","first":"fin","first_side":"client","limit":"none","retries":0,)"
      R"("duration_us":1204512,"connect_us":412,"abandoned":null,)"
      R"("group":null,"member":null,"tries":[],"via":null,"proxy_header":null,"unique_id":null,"authority":null,"rejected":null,)"
      R"("client":{"address":"192.0.2.7:51234","peer":null,"end":"fin","error":null,"received":78,"delivered":78,)"
      R"("undelivered":0,"discarded":0,"rescued":0,"descriptors":0},)"
      R"("upstream":{"address":"[2001:db8::2]:80","peer":null,"end":"fin","error":null,"received":14600,"delivered":14600,)"
      R"("undelivered":0,"discarded":0,"rescued":0,"descriptors":0}})");
}

TEST(RecordJson, T14_tells_who_is_behind_a_unix_socket_and_what_was_passed_on) {
  relay::Record record = complete_record();
  record.sides[0].address = *net::Address::unix_name("/run/a \"b\\.sock");
  record.stream().peers[0] = net::PeerCredentials{.pid = 4711, .uid = 1000, .gid = 100};
  record.stream().flows[0].descriptors = 3;
  const auto client = nlohmann::json::parse(to_json(record))["client"];
  EXPECT_EQ(client["address"], "unix:/run/a \"b\\.sock");
  EXPECT_EQ(client["peer"], nlohmann::json::parse(R"({"pid":4711,"uid":1000,"gid":100})"));
  EXPECT_EQ(client["descriptors"], 3);
}

TEST(RecordJson, a_reset_that_the_kernel_saw_is_told_with_its_end_and_reason) {
  relay::Record record = complete_record();
  EXPECT_FALSE(nlohmann::json::parse(to_json(record))["client"].contains("reset"));
  record.sides[0].reset = relay::seen_reset({.received = true, .reason = nullptr}, true);
  record.sides[1].reset = relay::seen_reset({.received = false, .reason = "TCP_ABORT_ON_CLOSE"}, false);
  const auto parsed = nlohmann::json::parse(to_json(record));
  EXPECT_EQ(parsed["client"]["reset"], nlohmann::json::parse(R"({"by":"peer","reason":null})"));
  EXPECT_EQ(parsed["upstream"]["reset"], nlohmann::json::parse(R"({"by":"kernel","reason":"TCP_ABORT_ON_CLOSE"})"));
}

TEST(RecordJson, what_is_not_known_is_null) {
  const auto parsed = nlohmann::json::parse(to_json(relay::Record{}));
  EXPECT_TRUE(parsed["forwarding"].is_null());
  EXPECT_TRUE(parsed["listen"].is_null());
  EXPECT_TRUE(parsed["connect_us"].is_null());
  EXPECT_TRUE(parsed["first_side"].is_null());
  EXPECT_TRUE(parsed["client"]["address"].is_null());
  EXPECT_TRUE(parsed["upstream"]["error"].is_null());
}

TEST(RecordJson, every_ending_has_the_same_fields) {
  const auto shape = [](const relay::Record& record) {
    std::vector<std::string> keys;
    auto parsed = nlohmann::json::parse(to_json(record));
    parsed["tries"].clear();  // the number of tries differs between endings
    const auto flat = parsed.flatten();
    for (const auto& [key, value] : flat.items()) keys.push_back(key);
    return keys;
  };
  for (const Ending& ending : typical_endings()) EXPECT_EQ(shape(ending.record), shape(complete_record()));
}

TEST(RecordJson, what_a_stranger_told_is_printable) {
  relay::Record record = complete_record();
  relay::Introduction told;
  told.version = net::proxy_protocol::Version::v2;
  told.unique_id = "\x01\xff\"\n";
  record.stream().introduction = std::make_shared<const relay::Introduction>(told);
  const auto parsed = nlohmann::json::parse(to_json(record));
  EXPECT_EQ(parsed["unique_id"], R"(\x01\xff"\x0a)");
  EXPECT_EQ(parsed["proxy_header"], "v2");
  EXPECT_EQ(to_text(record).find('\n'), std::string::npos);
}

RC_GTEST_PROP(RecordJson, a_line_parses_back_whatever_the_name_and_the_figures_are,
              (const std::string& name, std::uint64_t received, std::uint32_t retries)) {
  relay::Record record = complete_record();
  record.forwarding = std::make_shared<const std::string>(name);
  record.stream().retries = retries;
  record.stream().flows[1].received = received;
  const std::string line = to_json(record);
  RC_ASSERT(line.find('\n') == std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  RC_ASSERT(parsed["retries"] == retries);
  RC_ASSERT(parsed["upstream"]["received"] == received);
  const bool ascii = std::ranges::all_of(name, [](char c) { return static_cast<unsigned char>(c) < 128; });
  RC_ASSERT(!ascii || parsed["forwarding"] == name);
}

}  // namespace
}  // namespace lastbyte::observe
