#include "sock/talk/traffic.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sock/talk/pattern.h"

namespace lastbyte::sock {
namespace {

Options with(Mode mode, Role role = Role::server) {
  Options options;
  options.mode = mode;
  options.role = role;
  return options;
}

/// Sends everything, in writes that take at most `most` bytes.
std::string drain(Traffic& traffic, std::size_t most = 1'000'000) {
  std::string out;
  while (traffic.has_outgoing()) {
    const auto bytes = traffic.outgoing().substr(0, most);
    out += bytes;
    traffic.took(bytes.size());
  }
  return out;
}

TEST(Pattern, is_the_same_in_whatever_pieces_it_is_made) {
  std::string whole;
  append_pattern(whole, 0, 5000);
  EXPECT_TRUE(rc::check([&](std::uint64_t from, std::uint64_t length) {
    from %= 4000;
    length %= 1000;
    std::string piece;
    append_pattern(piece, from, static_cast<std::size_t>(length));
    RC_ASSERT(piece == whole.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(length)));
  }));
}

TEST(Pattern, each_line_begins_with_its_offset) {
  std::string text;
  append_pattern(text, 128, 64);
  EXPECT_EQ(text.substr(0, 29), "00000000000000000128 lastbyte");
  EXPECT_EQ(text.back(), '\n');
}

TEST(Crlf, every_line_end_becomes_crlf_across_pieces) {
  EXPECT_TRUE(rc::check([](std::vector<bool> kinds, unsigned cut) {
    std::string text;
    for (const bool end : kinds) text += end ? '\n' : 'x';
    const auto at = text.empty() ? 0 : cut % text.size();
    std::string out;
    bool after_cr = false;
    append_crlf(out, text.substr(0, at), after_cr);
    append_crlf(out, text.substr(at), after_cr);
    std::string expected;
    for (const char c : text) expected += c == '\n' ? std::string("\r\n") : std::string(1, c);
    RC_ASSERT(out == expected);
  }));
}

TEST(Crlf, what_has_a_cr_already_stays) {
  std::string out;
  bool after_cr = false;
  append_crlf(out, "a\r", after_cr);
  append_crlf(out, "\nb\n", after_cr);
  EXPECT_EQ(out, "a\r\nb\r\n");
}

TEST(Relay, goes_both_ways_and_ends_with_standard_input) {
  const auto options = with(Mode::relay);
  Traffic traffic(options, "");
  traffic.supplied("up");
  traffic.received("down");
  EXPECT_EQ(drain(traffic), "up");
  EXPECT_EQ(traffic.output(), "down");
  traffic.peer_ended();
  EXPECT_FALSE(traffic.nothing_more());
  traffic.supply_ended();
  EXPECT_TRUE(traffic.nothing_more());
}

TEST(Relay, is_read_from_however_much_is_still_to_be_sent) {
  const auto options = with(Mode::relay);
  Traffic traffic(options, "");
  traffic.supplied(std::string(1'000'000, 'x'));
  EXPECT_TRUE(traffic.wants_peer());
  EXPECT_FALSE(traffic.wants_supply());
  traffic.received(std::string(1'000'000, 'y'));
  EXPECT_FALSE(traffic.wants_peer());
}

TEST(Echo, gives_back_whatever_comes_in_whatever_pieces) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& pieces, unsigned most) {
    const auto options = with(Mode::echo);
    Traffic traffic(options, "");
    std::string in;
    std::string out;
    for (const auto& piece : pieces) {
      in += piece;
      traffic.received(piece);
      if (piece.size() % 2 == 0) out += drain(traffic, most % 7 + 1);
    }
    traffic.peer_ended();
    RC_ASSERT(traffic.nothing_more() == !traffic.has_outgoing());
    out += drain(traffic, 3);
    RC_ASSERT(out == in);
    RC_ASSERT(traffic.nothing_more());
  }));
}

TEST(Echo, stops_reading_when_the_other_way_is_full) {
  const auto options = with(Mode::echo);
  Traffic traffic(options, "");
  EXPECT_TRUE(traffic.wants_peer());
  traffic.received(std::string(1'000'000, 'x'));
  EXPECT_FALSE(traffic.wants_peer());
  drain(traffic);
  EXPECT_TRUE(traffic.wants_peer());
}

TEST(Source, sends_its_count_of_writes_and_then_nothing) {
  auto options = with(Mode::source);
  options.count = 3;
  options.write_size = 100;
  Traffic traffic(options, "");
  EXPECT_EQ(traffic.outgoing().size(), 100U);
  EXPECT_EQ(traffic.unsent(), 300U);
  std::string expected;
  append_pattern(expected, 0, 300);
  EXPECT_EQ(drain(traffic, 33), expected);
  EXPECT_TRUE(traffic.nothing_more());
}

TEST(Source, of_more_than_can_be_counted_does_not_wrap_round) {
  auto options = with(Mode::source);
  options.count = ~std::uint64_t{0};
  const Traffic traffic(options, "");
  EXPECT_EQ(traffic.unsent(), ~std::uint64_t{0});
}

TEST(Sink, is_over_at_the_peers_end_or_at_once_where_it_reads_nothing) {
  auto options = with(Mode::sink);
  Traffic traffic(options, "");
  traffic.received("lost");
  EXPECT_FALSE(traffic.nothing_more());
  traffic.peer_ended();
  EXPECT_TRUE(traffic.nothing_more());
  EXPECT_EQ(traffic.output(), "");
  options.read_peer = false;
  EXPECT_TRUE(Traffic(options, "").nothing_more());
}

TEST(HttpClient, asks_once_and_shows_the_answer) {
  auto options = with(Mode::http, Role::client);
  options.bytes = 10;
  Traffic traffic(options, "host:80");
  const auto request = drain(traffic, 7);
  EXPECT_TRUE(request.starts_with("POST / HTTP/1.1\r\nHost: host:80\r\n")) << request;
  EXPECT_NE(request.find("Content-Length: 10\r\n\r\n0000000000"), std::string::npos) << request;
  EXPECT_TRUE(traffic.nothing_more());
  traffic.received("HTTP/1.1 200 OK");
  EXPECT_EQ(traffic.output(), "HTTP/1.1 200 OK");
}

TEST(HttpServer, answers_pipelined_requests_in_whatever_pieces_they_come) {
  const std::string requests =
      "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
      "GET /b HTTP/1.1\r\n\r\n"
      "GET /c HTTP/1.1\r\nConnection: close\r\n\r\n";
  EXPECT_TRUE(rc::check([&](unsigned size) {
    const auto options = with(Mode::http);
    Traffic traffic(options, "");
    std::string out;
    const std::size_t step = size % 50 + 1;
    for (std::size_t at = 0; at < requests.size(); at += step) {
      traffic.received(std::string_view(requests).substr(at, step));
      out += drain(traffic);
    }
    const auto a = out.find("POST /a: 5 bytes, xxh64 26c7827d889f6da3\n");
    const auto b = out.find("GET /b: 0 bytes");
    const auto c = out.find("GET /c: 0 bytes");
    RC_ASSERT(a != std::string::npos && b != std::string::npos && c != std::string::npos);
    RC_ASSERT(a < b && b < c);
    RC_ASSERT(traffic.nothing_more());
  }));
}

TEST(HttpServer, sends_a_body_of_the_size_asked_for_before_the_next_answer) {
  auto options = with(Mode::http);
  options.bytes = 100'000;
  Traffic traffic(options, "");
  traffic.received("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(traffic.wants_peer());
  const auto out = drain(traffic);
  const auto second = out.rfind("HTTP/1.1 200 OK");
  EXPECT_GT(second, 100'000U);
  EXPECT_EQ(out.size() - second, second);
  EXPECT_TRUE(traffic.wants_peer());
}

TEST(HttpServer, ends_at_the_peers_end_and_not_before) {
  const auto options = with(Mode::http);
  Traffic traffic(options, "");
  traffic.received("GET / HTTP/1.1\r\n\r\n");
  drain(traffic);
  EXPECT_FALSE(traffic.nothing_more());
  traffic.peer_ended();
  EXPECT_TRUE(traffic.nothing_more());
}

TEST(HttpServer, invites_a_body_that_waits_for_it) {
  const auto options = with(Mode::http);
  Traffic traffic(options, "");
  traffic.received("PUT / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(drain(traffic), "HTTP/1.1 100 Continue\r\n\r\n");
  traffic.received("x");
  EXPECT_TRUE(drain(traffic).starts_with("HTTP/1.1 200 OK"));
}

TEST(HttpServer, early_answers_before_the_body_and_takes_no_more) {
  auto options = with(Mode::http);
  options.answer_early = true;
  Traffic traffic(options, "");
  traffic.received("PUT / HTTP/1.1\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\nsome");
  EXPECT_FALSE(traffic.wants_peer());
  const auto out = drain(traffic);
  EXPECT_TRUE(out.starts_with("HTTP/1.1 200 OK")) << out;
  EXPECT_NE(out.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(traffic.nothing_more());
  EXPECT_TRUE(traffic.wants_peer());
  traffic.received("more of the body");
  EXPECT_TRUE(traffic.nothing_more());
}

TEST(HttpServer, refuses_what_it_does_not_understand_and_ends) {
  const auto options = with(Mode::http);
  Traffic traffic(options, "");
  traffic.received("nonsense\r\n\r\n");
  EXPECT_TRUE(drain(traffic).starts_with("HTTP/1.1 400 Bad Request"));
  EXPECT_TRUE(traffic.nothing_more());
}

}  // namespace
}  // namespace lastbyte::sock
