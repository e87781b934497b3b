#include "trace/summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lastbyte::trace {
namespace {

using namespace std::chrono_literals;

kernel::TcpEvent event(const std::string& reason, const char* peer, const std::string& process,
                       std::optional<std::chrono::nanoseconds> age) {
  kernel::TcpEvent made;
  made.reason = reason;
  made.remote = *net::Address::parse(peer, 1);
  if (!process.empty()) made.owner = {1, process};
  made.age = age;
  return made;
}

Summary three() {
  Summary summary;
  summary.add(event("TCP_STATE", "192.0.2.1", "nginx", 5ms));
  summary.add(event("TCP_STATE", "192.0.2.1", "nginx", 2h));
  summary.add(event("NO_SOCKET", "192.0.2.2", "", std::nullopt));
  return summary;
}

TEST(TraceSummary, counts_by_reason_peer_process_and_age) {
  const auto object = nlohmann::json::parse(three().as_json());
  EXPECT_EQ(object["events"], 3);
  EXPECT_EQ(object["by_reason"][0]["name"], "reset sent, TCP_STATE");
  EXPECT_EQ(object["by_reason"][0]["count"], 2);
  EXPECT_EQ(object["by_peer"][0]["name"], "192.0.2.1");
  EXPECT_EQ(object["by_process"][0]["name"], "nginx");
  EXPECT_EQ(object["by_process"][1]["name"], "unknown");
  EXPECT_EQ(object["unknown_ages"], 1);
  std::uint64_t ages = 0;
  for (const auto& each : object["ages"]) ages += each["count"].get<std::uint64_t>();
  EXPECT_EQ(ages, 2U);
  EXPECT_EQ(object["ages"][1]["count"], 1) << "5 ms is below 10 ms";
  EXPECT_EQ(object["ages"].back()["count"], 1);
}

TEST(TraceSummary, as_text_has_a_table_of_each_and_a_histogram) {
  const std::string text = three().as_text();
  EXPECT_EQ(text.substr(0, text.find('\n')), "3 events");
  EXPECT_NE(text.find("         2  reset sent, TCP_STATE\n"), std::string::npos) << text;
  EXPECT_NE(text.find("below 10 ms   ####"), std::string::npos) << text;
  EXPECT_NE(text.find("         1  unknown\n"), std::string::npos) << text;
  EXPECT_EQ(Summary().as_text(), "0 events\n");
}

TEST(TraceSummary, is_bounded_whatever_the_number_of_peers) {
  Summary summary;
  for (std::uint32_t each = 0; each < Summary::kMostKeys + 50; ++each)
    summary.add(event("TCP_STATE",
                      ("10." + std::to_string(each >> 16U & 255U) + "." + std::to_string(each >> 8U & 255U) + "." +
                       std::to_string(each & 255U))
                          .c_str(),
                      "", std::nullopt));
  const auto object = nlohmann::json::parse(summary.as_json());
  EXPECT_EQ(object["by_peer"][0]["name"], "other");
  EXPECT_EQ(object["by_peer"][0]["count"], 50);
}

}  // namespace
}  // namespace lastbyte::trace
