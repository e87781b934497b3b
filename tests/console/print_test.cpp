// Tests the administration's answers as text for people.
#include "console/print.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lastbyte::console {
namespace {

using Json = nlohmann::json;

Json healthy() {
  return Json::parse(R"({
    "version": "1.2", "pid": 4711, "instance": "1a2-3b", "started": "2026-03-04T05:06:07Z", "uptime_us": 7200000000, "ready": true,
    "reason": "", "may_administer": true, "workers": [{"index": 0, "sessions": 3}, {"index": 1, "sessions": 4}],
    "configuration": {"loaded": "2026-03-04T05:06:07Z", "successful": true, "error": null}, "dropped_records": 0,
    "forwardings": [{"name": "web", "state": "enabled", "sessions": {"open": 7},
                     "sessions_ended": {"complete": 90, "other": 1}, "received_bytes": {"client": 2048, "upstream": 5},
                     "lost_bytes": {"client": 1, "upstream": 1}}],
    "groups": [{"name": "back", "members": [
      {"name": "10.0.0.1:80", "state": "up", "sessions": 5, "reason": "check passed"},
      {"name": "10.0.0.2:80", "state": "down", "sessions": 0, "reason": "refused"}]}],
    "ports": [{"destination": "10.0.0.1:80", "in_use": 5, "time_wait": 2, "available": 28000}]})");
}

std::vector<std::string> problems(const Json& status) { return status_text(status.dump())->problems; }

TEST(Status, one_screen_has_process_forwardings_members_and_ports) {
  const auto status = status_text(healthy().dump());
  ASSERT_TRUE(status);
  EXPECT_EQ(status->text,
            "lastbyte 1.2, process 4711, instance 1a2-3b, up 2h: ready\n"
            "7 open sessions, 2 workers, configuration of 2026-03-04T05:06:07Z\n"
            "\n"
            "FORWARDING  STATE    OPEN  ENDED  COMPLETE  FROM CLIENTS  FROM UPSTREAMS  LOST\n"
            "web         enabled     7     91        90          2.0k               5     2\n"
            "\n"
            "GROUP  MEMBER       STATE  SESSIONS  REASON\n"
            "back   10.0.0.1:80  up            5  check passed\n"
            "back   10.0.0.2:80  down          0  refused\n"
            "\n"
            "LOCAL PORTS TOWARDS  IN USE  TIME_WAIT  AVAILABLE\n"
            "10.0.0.1:80               5          2      28000\n");
  EXPECT_TRUE(status->problems.empty());
}

TEST(Status, each_trouble_makes_it_unhealthy_and_is_said) {
  Json status = healthy();
  status["ready"] = false;
  status["reason"] = "a stop was requested";
  EXPECT_EQ(problems(status), std::vector<std::string>{"not ready: a stop was requested"});
  EXPECT_NE(status_text(status.dump())->text.find("\nproblem: not ready: a stop was requested\n"), std::string::npos);
  status = healthy();
  status["configuration"] = {{"loaded", "then"}, {"successful", false}, {"error", "f.yaml:1:1: \x1b"}};
  EXPECT_EQ(problems(status), std::vector<std::string>{"the last reload failed: f.yaml:1:1: ?"});
  status = healthy();
  status["dropped_records"] = 1;
  EXPECT_EQ(problems(status), std::vector<std::string>{"1 session record was dropped since the start"});
  status = healthy();
  status["groups"][0]["members"][0]["state"] = "ejected";
  EXPECT_EQ(problems(status), std::vector<std::string>{"no member of the group back is up"});
}

TEST(Status, anything_else_than_an_answer_is_an_error) {
  for (const char* text : {"", "{}", "[]", "null", "\xff", R"({"version":"1"})"})
    EXPECT_FALSE(status_text(text)) << text;
  Json status = healthy();
  status["forwardings"] = 7;
  EXPECT_FALSE(status_text(status.dump()));
}

TEST(Sessions, both_sockets_of_a_session_are_on_a_line) {
  const Json page = Json::parse(R"({"matched": 3, "total": 3, "sessions": [{
    "id": 12, "forwarding": "転送", "state": "lingering", "age_us": 5000000, "idle_us": 1000, "client": "192.0.2.1:5",
    "upstream": null, "deadline": "linger", "fires_in_us": 2000000,
    "flows": {"client": {"state": "open", "received": 1024}, "upstream": {"state": "refused", "received": 0}}}]})");
  const auto text = sessions_text(page.dump());
  ASSERT_TRUE(text);
  EXPECT_EQ(
      *text,
      "ID  FORWARDING  STATE       AGE  IDLE  CLIENT       BYTES  FLOW  UPSTREAM  BYTES  FLOW     DEADLINE\n"
      "12  転送        lingering  5.0s   1ms  192.0.2.1:5   1.0k  open  -             0  refused  linger in 2.0s\n"
      "1 of 3 sessions; --limit (at most 5000) and --offset show others\n");
  EXPECT_FALSE(sessions_text("{}"));
}

TEST(Errors, a_text_that_is_none_is_cut_off_and_cleaned) {
  EXPECT_EQ(error_text(R"({"error":"there is no such session"})"), "there is no such session");
  EXPECT_EQ(error_text("\x1b[31m"), "?[31m");
  EXPECT_EQ(error_text(std::string(1000, 'x')).size(), 300U);
}

}  // namespace
}  // namespace lastbyte::console
