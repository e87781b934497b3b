#include "sock/talk/http.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace lastbyte::sock {
namespace {

/// Returns the first step that is not `more`; if there is none, `more`.
HttpStep first_step(HttpReader& reader, std::string_view text) { return reader.take(text); }

TEST(HttpRequestHead, is_read) {
  HttpReader reader;
  std::string_view text = "POST /x?y HTTP/1.1\r\nHost: a\r\ncontent-length:  12 \r\nEXPECT: 100-Continue\r\n\r\nrest";
  ASSERT_EQ(reader.take(text), HttpStep::head);
  EXPECT_EQ(text, "rest");
  EXPECT_EQ(reader.request().method, "POST");
  EXPECT_EQ(reader.request().target, "/x?y");
  EXPECT_EQ(reader.request().body_size, 12U);
  EXPECT_TRUE(reader.request().keep_alive);
  EXPECT_TRUE(reader.request().expects_continue);
}

TEST(HttpRequestHead, says_whether_the_connection_stays) {
  const auto stays = [](std::string_view text) {
    HttpReader reader;
    EXPECT_EQ(first_step(reader, text), HttpStep::head);
    return reader.request().keep_alive;
  };
  EXPECT_TRUE(stays("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"));
  EXPECT_FALSE(stays("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(stays("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(HttpRequestHead, wrong_ones_are_refused_for_good) {
  const std::pair<std::string, std::string> wrong[] = {
      {"GET /\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/2\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400 Bad Request"},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "501 Not Implemented"},
      {"GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x'), "431 Request Header Fields Too Large"},
  };
  for (const auto& [text, refusal] : wrong) {
    HttpReader reader;
    EXPECT_EQ(first_step(reader, text), HttpStep::bad) << text.substr(0, 60);
    EXPECT_EQ(reader.refusal(), refusal);
    EXPECT_EQ(first_step(reader, "GET / HTTP/1.1\r\n\r\n"), HttpStep::bad);
  }
}

TEST(HttpReader, sees_the_same_steps_in_whatever_pieces_they_come) {
  const std::string text = "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n";
  EXPECT_TRUE(rc::check([&](unsigned size) {
    HttpReader reader;
    std::string steps;
    const std::size_t step = size % 20 + 1;
    for (std::size_t at = 0; at < text.size(); at += step) {
      auto piece = std::string_view(text).substr(at, step);
      for (auto seen = reader.take(piece); seen != HttpStep::more; seen = reader.take(piece)) {
        steps += seen == HttpStep::head ? "head " : seen == HttpStep::complete ? "complete " : "bad ";
      }
      RC_ASSERT(piece.empty());
    }
    RC_ASSERT(steps == "head complete head complete ");
    RC_ASSERT(reader.between_requests());
  }));
}

}  // namespace
}  // namespace lastbyte::sock
