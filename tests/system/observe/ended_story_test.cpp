// The event of a session's end tells the session's story.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>

#include "tests/harness/http.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// Reads until `what` has come; `seen` is all that came. A call ends after 20 s.
bool tells(const Descriptor& stream, std::string& seen, const std::string& what) {
  std::array<char, 4096> room{};
  while (seen.find(what) == std::string::npos) {
    const ssize_t got = ::recv(stream.get(), room.data(), room.size(), 0);
    if (got <= 0) return false;
    seen.append(room.data(), static_cast<std::size_t>(got));
  }
  return true;
}

TEST(EndedSession, the_event_of_an_end_tells_the_whole_story_and_names_the_limit_that_passed) {
  Server server = start_server("recv 5; expect reset", {}, 1);
  const TemporaryDirectory directory;
  const std::string path = directory.file("admin.sock");
  Proxy proxy(server.address(), {"--admin-listen", "unix:" + path, "--limits-idle", "300ms"});
  const net::Address at = *net::Address::unix_name(path);
  EXPECT_EQ(test::http(at, "GET", "/v1/events?session=x").status, 400);
  const auto follow = [&](const std::string& session) {
    Descriptor events = test::connect_to(at);
    test::send_all(events, "GET /v1/events?session=" + session +
                               " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    return events;
  };
  const Descriptor events = follow("1");
  const Descriptor of_another = follow("2");
  std::string seen;
  std::string seen_by_other;
  ASSERT_TRUE(tells(events, seen, ": events of lastbyte"));
  ASSERT_TRUE(tells(of_another, seen_by_other, ": events of lastbyte"));
  const Descriptor client = test::connect_to(proxy.address());
  test::send_all(client, "hello");
  ASSERT_TRUE(tells(events, seen, R"("event":"session_ended","session":{)"));
  ASSERT_TRUE(tells(events, seen, R"("what":"limit","detail":"idle"})"));
  EXPECT_TRUE(tells(events, seen, R"("what":"reset_sent")"));
  EXPECT_NE(seen.find(R"("events":[{"at_us":0,"side":"client","what":"accepted"})"), std::string::npos) << seen;
  EXPECT_EQ(seen_by_other.find("\"event\""), std::string::npos) << seen_by_other;
  EXPECT_EQ(proxy.record().limit, "idle");
}

}  // namespace
}  // namespace lastbyte::system_test
