// Checks against real sockets.
#include "probe/checks/checker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>

#include "net/socket/calls.h"
#include "probe/heartbeat/link.h"
#include "tests/harness/loopback.h"

namespace lastbyte::probe::checks {
namespace {

namespace asio = boost::asio;
using Kind = upstream::Check::Kind;

/// A server that the test controls step by step, and a Checker that connects to it. Both run on the test's thread.
class Checks : public testing::Test {
 protected:
  Checks() {
    check_.period = Duration(5);
    check_.timeout = Duration(10'000);
  }

  void start(Kind kind) {
    check_.kind = kind;
    checker_.emplace(
        io_, check_, [this] { return Target{"server.example", addresses_, {}, {}}; },
        [this](Outcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  bool run_until(const std::function<bool()>& condition) {
    return net::test::eventually([&] {
      io_.restart();
      io_.run_for(std::chrono::milliseconds(2));
      return condition();
    });
  }
  Descriptor accepted(const Descriptor& listening) {
    Descriptor socket;
    EXPECT_TRUE(run_until([&] {
      socket = Descriptor(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      return static_cast<bool>(socket);
    }));
    return socket;
  }
  /// Returns everything that the check sends, up to `end`.
  std::string request(const Descriptor& socket, const std::string& end) {
    std::string text;
    EXPECT_TRUE(run_until([&] {
      char bytes[4096];
      const ssize_t count = ::recv(socket.get(), bytes, sizeof bytes, 0);
      if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
      return text.find(end) != std::string::npos;
    })) << text;
    return text;
  }
  /// Waits for the first outcome and returns it.
  Outcome outcome() {
    if (!run_until([&] { return !outcomes_.empty(); })) return {.detail = "no outcome"};
    Outcome first = outcomes_.front();
    outcomes_.erase(outcomes_.begin());
    return first;
  }
  Outcome answered_with(Kind kind, const std::string& answer) {
    outcomes_.clear();
    start(kind);
    const Descriptor socket = accepted(server_);
    EXPECT_TRUE(net::test::send_all(socket, answer));
    ::shutdown(socket.get(), SHUT_WR);
    const Outcome heard = outcome();
    checker_.reset();
    drop_waiting();
    return heard;
  }
  void drop_waiting() {
    for (;;)
      if (!Descriptor(::accept4(server_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK))) return;
  }

  asio::io_context io_;
  Descriptor server_ = net::test::listener();
  std::vector<net::Address> addresses_{net::local_address(server_.get())};
  upstream::Check check_;
  std::vector<Outcome> outcomes_;
  std::optional<Checker> checker_;
};

TEST_F(Checks, a_connection_is_closed_by_fin_in_both_directions) {
  check_.period = Duration(60'000);
  start(Kind::tcp);
  const Descriptor socket = accepted(server_);
  ASSERT_TRUE(net::test::send_all(socket, "a banner that nobody asked for"));
  EXPECT_TRUE(run_until([&] { return net::test::events_now(socket.get(), POLLRDHUP) & POLLRDHUP; }));
  EXPECT_EQ(net::test::receive(socket, 1), "0") << "a FIN, and no reset";
  EXPECT_TRUE(net::test::send_all(socket, "more, after the check has sent its FIN"));
  EXPECT_TRUE(run_until([&] { return net::unacknowledged(socket.get()) == 0; }));
  ::shutdown(socket.get(), SHUT_WR);
  EXPECT_TRUE(run_until([&] { return net::test::state(socket) == "CLOSE"; })) << net::test::state(socket);
  EXPECT_EQ(net::take_error(socket.get()), 0) << "no reset";
  EXPECT_TRUE(outcome().passed);
}

TEST_F(Checks, a_check_follows_a_period_after_the_one_before) {
  start(Kind::tcp);
  EXPECT_TRUE(run_until([&] { return outcomes_.size() >= 3; }));
  EXPECT_EQ(outcomes_[2].detail, "connected");
}

TEST_F(Checks, a_refused_connection_fails_with_its_cause) {
  server_.close();
  start(Kind::tcp);
  const Outcome heard = outcome();
  EXPECT_FALSE(heard.passed);
  EXPECT_EQ(heard.detail, "connect tcp:" + addresses_[0].text() + ": Connection refused (ECONNREFUSED)");
}

TEST_F(Checks, the_next_address_is_tried_where_one_refuses) {
  Descriptor gone = net::test::listener();
  addresses_.insert(addresses_.begin(), net::local_address(gone.get()));
  gone.close();
  start(Kind::tcp);
  EXPECT_TRUE(outcome().passed);
}

TEST_F(Checks, a_member_without_an_address_fails) {
  addresses_.clear();
  start(Kind::tcp);
  EXPECT_EQ(outcome().detail, "check: the member has no address");
}

TEST_F(Checks, expected_bytes_are_found_however_they_are_cut) {
  check_.send = "PING\r\n";
  check_.expect = "+PONG";
  start(Kind::expect);
  const Descriptor socket = accepted(server_);
  EXPECT_EQ(request(socket, "\r\n"), "PING\r\n");
  ASSERT_TRUE(net::test::send_all(socket, "...+PO"));
  EXPECT_TRUE(run_until([&] { return net::unacknowledged(socket.get()) == 0; }));
  EXPECT_TRUE(outcomes_.empty());
  ASSERT_TRUE(net::test::send_all(socket, "NG..."));
  EXPECT_TRUE(outcome().passed);
}

TEST_F(Checks, an_answer_that_ends_without_the_expected_bytes_fails) {
  check_.expect = "+PONG";
  EXPECT_EQ(answered_with(Kind::expect, "-ERR").detail, "the answer ended without the expected bytes");
}

TEST_F(Checks, a_server_that_does_not_answer_fails_by_the_timeout) {
  check_.expect = "+PONG";
  check_.timeout = Duration(20);
  start(Kind::expect);
  EXPECT_EQ(outcome().detail, "no answer within 20 ms");
}

TEST_F(Checks, http_asks_for_the_path_and_judges_by_the_status) {
  check_.path = "/healthz";
  start(Kind::http);
  const Descriptor socket = accepted(server_);
  const std::string asked = request(socket, "\r\n\r\n");
  EXPECT_TRUE(asked.starts_with("GET /healthz HTTP/1.1\r\nHost: server.example\r\n")) << asked;
  ASSERT_TRUE(net::test::send_all(socket, "HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\n"));
  const Outcome heard = outcome();
  EXPECT_TRUE(heard.passed);
  EXPECT_EQ(heard.detail, "HTTP status 302");
}

TEST_F(Checks, http_fails_for_other_statuses_and_what_is_no_http) {
  const Outcome unavailable = answered_with(Kind::http, "HTTP/1.0 503 Busy\r\n\r\n");
  EXPECT_FALSE(unavailable.passed);
  EXPECT_EQ(unavailable.detail, "HTTP status 503");
  EXPECT_TRUE(answered_with(Kind::http, "SSH-2.0-OpenSSH\r\n").detail.starts_with("HTTP answer: "));
}

TEST_F(Checks, an_agent_tells_with_a_word_and_that_is_definite) {
  const Outcome down = answered_with(Kind::agent, "down # disk\n");
  EXPECT_FALSE(down.passed);
  EXPECT_TRUE(down.definite);
  EXPECT_EQ(down.detail, "the agent said 'down # disk'");
  const Outcome weight = answered_with(Kind::agent, "50%");
  EXPECT_TRUE(weight.passed) << "a line may end with the connection";
  EXPECT_FALSE(weight.definite);
  EXPECT_EQ(weight.agent.weight_percent, 50U);
  const Outcome nonsense = answered_with(Kind::agent, "\x01what\n");
  EXPECT_FALSE(nonsense.passed);
  EXPECT_EQ(nonsense.detail, "the agent said '\\x01what'; expected up, down, drain, maint, ready or N%");
  EXPECT_FALSE(answered_with(Kind::agent, std::string(2000, 'x')).passed);
}

TEST_F(Checks, a_heartbeat_reports_each_frame_and_what_it_says) {
  check_.period = Duration(20'000);
  start(Kind::heartbeat);
  Descriptor socket = accepted(server_);
  heartbeat::Link link(std::make_shared<asio::posix::stream_descriptor>(io_, socket.release()), Duration(20'000),
                       {.load_percent = 30, .draining = false}, {[](const auto&) {}, [](const auto&, bool) {}});
  EXPECT_TRUE(outcome().passed);
  link.tell({.load_percent = 90, .draining = true});
  EXPECT_TRUE(run_until([&] { return !outcomes_.empty() && outcomes_.back().draining == true; }));
  EXPECT_EQ(outcomes_.back().load_percent, 90U);
}

TEST_F(Checks, a_silent_heartbeat_is_dead_for_certain_and_is_connected_to_again) {
  check_.period = Duration(20);
  start(Kind::heartbeat);
  const Descriptor socket = accepted(server_);
  const Outcome heard = outcome();
  EXPECT_FALSE(heard.passed);
  EXPECT_TRUE(heard.definite);
  EXPECT_EQ(heard.detail, "heartbeat: no frame came for one and a half intervals");
  accepted(server_);
}

TEST_F(Checks, a_heartbeat_that_says_nonsense_fails_and_is_counted) {
  const Outcome heard = answered_with(Kind::heartbeat, "HTTP/1.0 400 Bad Request\r\n\r\n" + std::string(99, 'x'));
  EXPECT_FALSE(heard.passed);
  EXPECT_FALSE(heard.definite);
  EXPECT_EQ(heard.detail, "heartbeat: the peer sent a frame that is malformed");
  EXPECT_EQ(heard.frames_refused, 1U);
}

TEST_F(Checks, a_recording_of_heartbeats_proves_nothing) {
  heartbeat::Beat recorded({.interval = Duration(20), .session = 5}, Clock::now());
  check_.period = Duration(20);
  const Outcome heard = answered_with(Kind::heartbeat, recorded.due(Clock::now()));
  EXPECT_FALSE(heard.passed) << "its frame was taken, but it never heard us";
}

}  // namespace
}  // namespace lastbyte::probe::checks
