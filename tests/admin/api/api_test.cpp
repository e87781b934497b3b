// Tests what each request does, for all methods and paths.
#include "admin/api/api.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/admin/no_daemon.h"

namespace lastbyte::admin {
namespace {

class AdminApi : public testing::Test {
 protected:
  Response ask(const std::string& method, const std::string& target, bool may_administer = true) {
    Request request;
    request.method = method;
    request.target = request.path = target;
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

}  // namespace
}  // namespace lastbyte::admin
