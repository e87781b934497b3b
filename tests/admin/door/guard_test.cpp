// Tests who may do what at the doors for operators.
#include "admin/door/guard.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "admin/door/pages.h"

namespace lastbyte::admin {
namespace {

const std::string kToken = "0123456789abcdef";

Request request(const std::string& host = "127.0.0.1:9200") {
  Request request;
  request.method = "GET";
  request.host = host;
  return request;
}

Request with_body(const std::string& body) {
  Request made = request();
  made.method = "POST";
  made.body = body;
  return made;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

TEST(Guard, only_the_whole_token_is_the_token) {
  EXPECT_TRUE(is_token(kToken, kToken));
  for (const std::string wrong : {"", "0", "0123456789abcdeg", "0123456789abcdef0", "0123456789abcdef0123456789abcdef"})
    EXPECT_FALSE(is_token(wrong, kToken)) << wrong;
  EXPECT_FALSE(is_token("", "")) << "without a token, none matches";
}

TEST(Guard, a_host_that_is_not_this_machine_is_refused) {
  for (const char* own : {"127.0.0.1", "10.1.2.3:80", "[::1]:9200", "localhost:1", "a.localhost", "gw1", "gw1:9"})
    EXPECT_TRUE(is_own_host(own, "gw1")) << own;
  EXPECT_TRUE(is_own_host("gw1:9200", "GW1")) << "a browser sends lower case";
  EXPECT_TRUE(is_own_host("GW1.Example.com", "gw1.example.com"));
  EXPECT_FALSE(is_own_host("gw1.evil.example", "gw1")) << "a foreign page that knows the name (DNS rebinding)";
  EXPECT_TRUE(is_own_host("LOCALHOST", "gw1"));
  for (const char* other : {"", "evil.example", "gw1evil.example", "127.0.0.1.evil.example", "[::1", "localhost.evil"})
    EXPECT_FALSE(is_own_host(other, "gw1")) << other;
  const Guard guard(kToken);
  EXPECT_TRUE(guard.refusal(request("evil.example")).has_value());
  EXPECT_FALSE(guard.refusal(request()).has_value());
}

TEST(Guard, the_page_of_another_origin_is_refused) {
  Request made = request();
  EXPECT_TRUE(is_own_origin(made)) << "no page made it";
  made.origin = "http://127.0.0.1:9200";
  EXPECT_TRUE(is_own_origin(made));
  for (const char* other : {"null", "http://evil.example", "http://127.0.0.1:9201", "ftp://127.0.0.1:9200"}) {
    made.origin = other;
    EXPECT_FALSE(is_own_origin(made)) << other;
  }
}

TEST(Guard, a_client_by_tcp_may_administer_with_the_token_alone) {
  const Guard guard(kToken);
  Request made = request();
  EXPECT_FALSE(guard.may_administer(made));
  made.authorization = "Bearer " + kToken;
  EXPECT_TRUE(guard.may_administer(made));
  for (const std::string& wrong : std::vector<std::string>{"Bearer ", "bearer " + kToken, kToken, "Basic " + kToken}) {
    made.authorization = wrong;
    EXPECT_FALSE(guard.may_administer(made)) << wrong;
  }
  made.authorization = "Bearer ";
  EXPECT_FALSE(Guard("").may_administer(made));
}

TEST(Guard, a_client_by_unix_may_administer_as_root_or_as_the_user_of_the_process) {
  const Guard guard(kToken);
  Request made = request();
  made.peer = net::PeerCredentials{.pid = 1, .uid = ::geteuid(), .gid = 0};
  EXPECT_TRUE(guard.may_administer(made));
  made.peer->uid = 0;
  EXPECT_TRUE(guard.may_administer(made));
  made.peer->uid = 12345;
  made.authorization = "Bearer " + kToken;
  EXPECT_FALSE(guard.may_administer(made));
}

TEST(Guard, a_login_gives_a_cookie_that_no_script_sees_and_no_other_site_sends) {
  Guard guard(kToken);
  const Response answer = guard.log_in(with_body(R"({"token":")" + kToken + "\"}"), Clock::now());
  EXPECT_EQ(answer.status, 204U);
  const std::string cookie = header(answer, "Set-Cookie");
  EXPECT_NE(cookie.find("; HttpOnly; SameSite=Strict; Path=/"), std::string::npos) << cookie;
  Request made = request();
  made.cookie = "a=b; " + cookie.substr(0, cookie.find(';'));
  EXPECT_TRUE(guard.may_administer(made));
  EXPECT_EQ(guard.log_out(made).status, 204U);
  EXPECT_FALSE(guard.may_administer(made)) << "the cookie is invalid after the logout";
  made.cookie = "lastbyte=";
  EXPECT_FALSE(guard.may_administer(made));
}

TEST(Guard, a_flood_of_wrong_tokens_is_turned_away_and_keeps_the_right_one_not_out) {
  Guard guard(kToken);
  const TimePoint now = Clock::now();
  EXPECT_EQ(guard.log_in(with_body("nonsense"), now).status, 400U);
  EXPECT_EQ(guard.log_in(with_body("[]"), now).status, 400U);
  for (int each = 0; each < Guard::kMostFailures; ++each)
    EXPECT_EQ(guard.log_in(with_body(R"({"token":"wrong"})"), now).status, 401U);
  const std::string right = R"({"token":")" + kToken + "\"}";
  EXPECT_EQ(guard.log_in(with_body(R"({"token":"wrong"})"), now).status, 429U);
  EXPECT_EQ(guard.log_in(with_body(right), now).status, 204U);
  EXPECT_EQ(guard.log_in(with_body(R"({"token":"wrong"})"), now + std::chrono::seconds(1)).status, 401U);
}

TEST(Pages, the_page_asks_nobody_else_and_is_not_sent_twice) {
  Request made = request();
  made.path = "/";
  const auto first = page(made);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200U);
  EXPECT_EQ(first->type, "text/html; charset=utf-8");
  EXPECT_NE(header(*first, "Content-Security-Policy").find("default-src 'none'; script-src 'self'"), std::string::npos);
  EXPECT_EQ(header(*first, "Content-Security-Policy").find("unsafe"), std::string::npos);
  made.if_none_match = header(*first, "ETag");
  EXPECT_EQ(page(made)->status, 304U);
  made.path = "/../secret";
  EXPECT_FALSE(page(made));
  EXPECT_GE(embedded_files().size(), 3U);
}

}  // namespace
}  // namespace lastbyte::admin
