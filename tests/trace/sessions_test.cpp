// Tests what an instance's event says about the reset of a socket.
#include "trace/sessions.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace lastbyte::trace {
namespace {

using kernel::EventKind;

nlohmann::json session_ended() {
  const auto side = [](const char* end, int delivered, int undelivered) {
    return nlohmann::json{{"end", end}, {"delivered", delivered}, {"undelivered", undelivered}};
  };
  return {{"event", "session_ended"},
          {"session",
           {{"id", 12},
            {"forwarding", "web"},
            {"limit", "none"},
            {"client", side("passed_on", 5, 0)},
            {"upstream", side("reset", 16384, 0)}}},
          {"sockets",
           {{"client", {{"cookie", 7}, {"local", "127.0.0.1:80"}, {"peer", "127.0.0.1:9"}}},
            {"upstream", {{"cookie", 8}, {"local", "127.0.0.1:10"}, {"peer", "127.0.0.1:81"}}}}}};
}

kernel::TcpEvent sent_for(const char* reason) {
  kernel::TcpEvent event;
  event.reason = reason;
  return event;
}

kernel::TcpEvent came() {
  kernel::TcpEvent event;
  event.kind = EventKind::reset_received;
  return event;
}

TEST(TraceSessions, an_event_tells_of_each_side_that_ended_badly) {
  auto sides = ended_sides(session_ended().dump(), 4711);
  ASSERT_EQ(sides.size(), 2U);
  EXPECT_EQ(sides[0].pid, 4711U);
  EXPECT_EQ(sides[0].session, 12U);
  EXPECT_EQ(sides[0].forwarding, "web");
  EXPECT_EQ(sides[0].side, "client");
  EXPECT_EQ(sides[0].cookie, 7U);
  EXPECT_EQ(sides[0].local, "127.0.0.1:80");
  EXPECT_EQ(sides[0].delivered, 16384U) << "from the upstream, to the client";
  EXPECT_EQ(sides[1].side, "upstream");
  EXPECT_EQ(sides[1].delivered, 5U);
  auto one = session_ended();
  one["sockets"]["upstream"] = nullptr;
  EXPECT_EQ(ended_sides(one.dump(), 1).size(), 1U);
}

TEST(TraceSessions, other_lines_tell_of_none) {
  for (const char* line : {"", "{}", "[]", R"({"event":"session_began","session":{"id":1}})", R"({"sockets":)",
                           R"({"event":"session_ended","sockets":{"client":null,"upstream":null}})",
                           R"({"event":"session_ended","sockets":{"client":{"cookie":"x"},"upstream":null}})",
                           R"({"event":"session_ended","sockets":7})", R"({"event":7,"sockets":{}})"})
    EXPECT_TRUE(ended_sides(line, 1).empty()) << line;
}

TEST(TraceSessions, lastbytes_reset_is_told_with_what_came_first_and_what_had_arrived) {
  const auto client = ended_sides(session_ended().dump(), 1)[0];
  EXPECT_EQ(cause(sent_for("TCP_STATE"), client),
            "lastbyte sent it: the upstream had reset first, 16,384 bytes were delivered before");
  EndedSide lost = client;
  lost.undelivered = 1;
  lost.delivered = 1'234'567;
  EXPECT_EQ(cause(sent_for("TCP_STATE"), lost),
            "lastbyte sent it: the upstream had reset first, 1,234,567 bytes were delivered before, 1 was not");
}

TEST(TraceSessions, each_reason_to_reset_has_words_of_its_own) {
  EndedSide side = ended_sides(session_ended().dump(), 1)[0];
  const auto why = [&](const char* end, const char* other_end) {
    side.end = end;
    side.other_end = other_end;
    const std::string text = cause(sent_for(""), side);
    return text.substr(0, text.find(','));
  };
  side.limit = "idle";
  EXPECT_EQ(why("limit", "limit"), "lastbyte sent it: the limit idle had passed");
  EXPECT_EQ(why("stopped", "stopped"), "lastbyte sent it: the operator stopped the session");
  EXPECT_EQ(why("aborted", "fin"), "lastbyte sent it: the client's FIN ends the session (late-fin: abort)");
  EXPECT_EQ(why("rejected", "untried"), "lastbyte sent it: the client was rejected");
  EXPECT_EQ(why("abandoned", "abandoned"), "lastbyte sent it: lastbyte could not continue the session");
  EXPECT_EQ(why("passed_on", "unreachable"), "lastbyte sent it: the upstream could not be reached");
  EXPECT_EQ(why("passed_on", "vanished"), "lastbyte sent it: the upstream had stopped answering");
  EXPECT_EQ(why("passed_on", "refused"), "lastbyte sent it: the upstream had refused data");
  EXPECT_EQ(why("left", "fin"), "the kernel sent it on lastbyte's behalf");
}

TEST(TraceSessions, who_sent_it_follows_from_direction_and_reason) {
  EndedSide side = ended_sides(session_ended().dump(), 1)[0];
  EXPECT_EQ(sent_by(came(), side), SentBy::peer);
  EXPECT_EQ(sent_by(sent_for("TCP_STATE"), side), SentBy::lastbyte);
  EXPECT_EQ(sent_by(sent_for("TCP_DISCONNECT_WITH_DATA"), side), SentBy::lastbyte);
  EXPECT_EQ(sent_by(sent_for("TCP_ABORT_ON_CLOSE"), side), SentBy::kernel) << "lastbyte closed, and did not reset";
  EXPECT_EQ(sent_by(sent_for("TCP_KEEPALIVE_TIMEOUT"), side), SentBy::kernel);
  EXPECT_EQ(sent_by(sent_for(""), side), SentBy::lastbyte) << "a kernel without reasons";
  side.end = "left";
  EXPECT_EQ(sent_by(sent_for(""), side), SentBy::kernel);
  EXPECT_EQ(cause(came(), side), "the peer sent it, 16,384 bytes were delivered before");
}

}  // namespace
}  // namespace lastbyte::trace
