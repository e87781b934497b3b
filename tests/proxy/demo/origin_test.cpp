// The demo: its origin alone, and with the forwarder before it.
#include "proxy/demo/origin.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/demo/demo.h"
#include "tests/proxy/daemon.h"

namespace lastbyte::proxy::test {
namespace {

/// Sends the request, half-closes, and returns the answer.
std::string exchange(std::uint16_t port, const std::string& request) {
  const Descriptor client = connect_to(port);
  send_all(client, request);
  ::shutdown(client.get(), SHUT_WR);
  return receive_all(client);
}

class OriginTest : public testing::Test {
 protected:
  void SetUp() override {
    auto origin = Origin::start();
    ASSERT_TRUE(origin) << origin.error().text();
    origin_ = std::move(*origin);
  }
  [[nodiscard]] std::string ask(const std::string& request) const { return exchange(origin_->port(), request); }

  std::unique_ptr<Origin> origin_;
};

std::string body(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? "no head" : response.substr(end + 4);
}

TEST_F(OriginTest, sends_back_what_is_not_http_once_the_client_has_ended_its_half) {
  EXPECT_EQ(ask("hi"), "hi");
  EXPECT_EQ(ask("GE"), "GE") << "the beginning of a method is not a request";
  EXPECT_EQ(ask(""), "");
  EXPECT_EQ(ask("GET\n"), "GET\n");
}

TEST_F(OriginTest, sends_back_much_that_is_not_http) {
  const Descriptor client = connect_to(origin_->port());
  const std::string much(5'000'000, 'x');
  const pid_t sender = ::fork();
  if (sender == 0) {
    send_all(client, much);
    ::shutdown(client.get(), SHUT_WR);
    ::_exit(0);
  }
  EXPECT_EQ(receive_all(client), much);
}

TEST_F(OriginTest, answers_get_with_a_page_and_big_with_as_many_megabytes) {
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(body(ask("GET /big/3 HTTP/1.1\r\nHost: a\r\n\r\n")).size(), 3'000'000U);
  EXPECT_EQ(body(ask("HEAD /big/3 HTTP/1.1\r\nHost: a\r\n\r\n")), "");
  EXPECT_TRUE(ask("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("GET /big/x HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

TEST_F(OriginTest, gives_a_body_back_and_keeps_the_connection_for_the_next_request) {
  const std::string request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const std::string answers = ask(request + request);
  EXPECT_TRUE(answers.ends_with("hello")) << answers;
  EXPECT_NE(answers.find("hello"), answers.rfind("hello")) << "two answers";
}

TEST_F(OriginTest, asks_for_the_body_that_a_client_holds_back) {
  const std::string answers =
      ask("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")) << answers;
}

TEST_F(OriginTest, answers_413_to_a_body_that_is_too_large_and_400_to_nonsense) {
  EXPECT_TRUE(ask("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(ask("GET / nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST(Demo, forwards_to_its_origin_and_says_what_to_try) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  Descriptor output(ends[0]);
  Descriptor input(ends[1]);
  Daemon daemon([&] {
    ::dup2(input.get(), STDOUT_FILENO);
    input.close();
    output.close();
    return run_demo(0);
  });
  input.close();
  const auto port = daemon.port();
  EXPECT_EQ(exchange(port, "hi"), "hi");
  EXPECT_NE(daemon.line_with(" demo ").find("complete"), std::string::npos);
  daemon.signal(SIGINT);
  EXPECT_EQ(daemon.exit_status(), 0);
  EXPECT_NE(receive_all(output).find("printf hi | nc -N 127.0.0.1 " + std::to_string(port)), std::string::npos);
}

TEST(Demo, a_port_in_use_is_told_clearly) {
  const Descriptor busy = listen_anywhere();
  Daemon daemon([&] { return run_demo(port_of(busy)); });
  const auto lines = daemon.all_lines();
  EXPECT_EQ(daemon.exit_status(), 1);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_NE(lines[0].find("EADDRINUSE"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("the demo needs port " + std::to_string(port_of(busy))), std::string::npos) << lines[1];
}

}  // namespace
}  // namespace lastbyte::proxy::test
