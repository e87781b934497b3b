// Tests what each request does, for all methods and paths.
#include "admin/api/api.h"

#include <gtest/gtest.h>

#include <string>

#include "admin/http/target.h"
#include "tests/admin/no_daemon.h"

namespace lastbyte::admin {
namespace {

class AdminApi : public testing::Test {
 protected:
  Response ask(const std::string& method, const std::string& target, bool may_administer = true) {
    Request request;
    request.method = method;
    request.target = target;
    const auto parsed = parse_target(target);
    if (!parsed) return error_response(400, "no target");
    request.path = parsed->path;
    request.query = parsed->query;
    request.body = R"({"level":"info"})";
    Response answer;
    answer.status = 0;
    api_.handle(request, may_administer, [&answer](Response given) { answer = std::move(given); });
    return answer;
  }

  NoDaemon daemon_{[](const std::function<void()>& work) { work(); }};
  Api api_{daemon_};
};

/// "T" is part of "GET", but no method. The server once took it for an order, whose missing path ended the process.
TEST_F(AdminApi, a_part_of_a_method_is_no_method) {
  for (const char* path : {"/v1/status", "/v1/sessions/1", "/v1/sessions/1/reset", "/v1/log-level",
                           "/v1/forwardings/web/drain", "/v1/groups/g/members/m/drain"}) {
    for (const char* method : {"", "T", "GE", "ET", "P", "OST", "PUT, ", ", ", "get", "DELETE", "OPTIONS"})
      EXPECT_EQ(ask(method, path).status, 405U) << method << " " << path;
    EXPECT_NE(ask("GET", path).status, 0U) << path;
  }
  EXPECT_EQ(daemon_.changes, 0);
}

TEST_F(AdminApi, an_order_needs_a_login_and_is_carried_out_once) {
  for (const char* path : {"/v1/sessions/1/reset", "/v1/sessions/1/close", "/v1/forwardings/web/disable",
                           "/v1/groups/g/members/m/enable"}) {
    EXPECT_EQ(ask("POST", path, false).status, 401U) << path;
    daemon_.changes = 0;
    EXPECT_EQ(ask("POST", path).status, 204U) << path;
    EXPECT_EQ(daemon_.changes, 1) << path;
  }
  EXPECT_EQ(ask("POST", "/v1/sessions/x/reset").status, 404U);
  EXPECT_EQ(ask("POST", "/v1/sessions/1/dance").status, 404U);
  EXPECT_EQ(ask("GET", "/v1").status, 404U);
  EXPECT_EQ(ask("GET", "/").status, 404U);
}

TEST_F(AdminApi, an_order_for_another_run_of_lastbyte_is_refused_and_changes_nothing) {
  for (const auto& [method, path] :
       {std::pair("POST", "/v1/sessions/1/reset"), std::pair("POST", "/v1/sessions/1/close"),
        std::pair("POST", "/v1/forwardings/web/disable"), std::pair("POST", "/v1/groups/g/members/m/enable"),
        std::pair("PUT", "/v1/log-level")}) {
    daemon_.changes = 0;
    const Response refused = ask(method, std::string(path) + "?instance=another%20run");
    EXPECT_EQ(refused.status, 412U) << path;
    EXPECT_NE(refused.body.find("for the instance 'another run', and this is 'this run'"), std::string::npos)
        << refused.body;
    EXPECT_EQ(ask(method, std::string(path) + "?instance=").status, 412U) << path;
    EXPECT_EQ(ask(method, std::string(path) + "?instanze=this%20run").status, 400U) << "no condition is passed over";
    EXPECT_EQ(ask(method, std::string(path) + "?instance=another%20run", false).status, 401U) << path;
    EXPECT_EQ(daemon_.changes, 0) << path;
    EXPECT_EQ(ask(method, std::string(path) + "?instance=this%20run").status, 204U) << path;
    EXPECT_EQ(daemon_.changes, 1) << path;
  }
}

TEST_F(AdminApi, the_status_the_list_and_a_session_name_the_run_of_lastbyte) {
  for (const char* path : {"/v1/status", "/v1/sessions", "/v1/sessions/1"})
    EXPECT_NE(ask("GET", path).body.find(R"("instance":"this run")"), std::string::npos) << path;
}

}  // namespace
}  // namespace lastbyte::admin
