// Tests the stream of events: each reader gets events as fast as it reads, and the number of those that it missed.
#include "admin/api/events.h"

#include <gtest/gtest.h>

#include <memory>

#include "admin/http/outlet.h"
#include "tests/admin/no_daemon.h"

namespace lastbyte::admin {
namespace {

/// A reader that the test can block.
struct Reading final : Outlet {
  bool send(std::string more) override {
    if (stuck) return false;
    text += more;
    return true;
  }
  [[nodiscard]] bool open() const override { return !gone; }
  std::string text;
  bool stuck = false;
  bool gone = false;
};

class EventStream : public testing::Test {
 protected:
  std::shared_ptr<Reading> follow(const std::string& accept = "") {
    Request request;
    request.accept = accept;
    auto reader = std::make_shared<Reading>();
    events_.follow(request).stream(reader);
    return reader;
  }
  void happens(const std::string& what) {
    daemon_.happenings.push_back({.at = {}, .event = what});
    events_.deliver();
  }

  NoDaemon daemon_{[](const std::function<void()>& work) { work(); }};
  Events events_{daemon_};
};

std::string event(const std::string& what) { return R"({"at":"1970-01-01T00:00:00.000Z","event":")" + what + "\"}\n"; }

TEST_F(EventStream, a_slow_reader_misses_events_is_told_how_many_and_holds_up_no_other) {
  const auto fast = follow();
  const auto slow = follow();
  slow->stuck = true;
  happens("one");
  happens("two");
  slow->stuck = false;
  happens("three");
  EXPECT_EQ(fast->text, event("one") + event("two") + event("three"));
  EXPECT_NE(slow->text.find(R"("event":"dropped","count":2})"), std::string::npos) << slow->text;
  EXPECT_EQ(slow->text.substr(slow->text.find('\n') + 1), event("three")) << "reported before the events after the gap";
}

TEST_F(EventStream, what_the_rings_dropped_is_told_to_all_who_read_then) {
  daemon_.dropped = 7;
  const auto reader = follow();
  happens("one");
  EXPECT_EQ(reader->text, event("one")) << "earlier losses are not this reader's";
  daemon_.dropped = 10;
  happens("two");
  EXPECT_NE(reader->text.find(R"("event":"dropped","count":3})"), std::string::npos) << reader->text;
}

TEST_F(EventStream, sessions_are_followed_only_while_somebody_reads) {
  EXPECT_FALSE(daemon_.followed);
  const auto reader = follow();
  EXPECT_TRUE(daemon_.followed);
  reader->gone = true;
  events_.deliver();
  EXPECT_FALSE(daemon_.followed);
}

TEST_F(EventStream, a_browser_gets_events_in_its_own_format) {
  const auto reader = follow("text/event-stream");
  EXPECT_EQ(reader->text, ": events of lastbyte\n\n") << "at once, as a sign that the stream is open";
  happens("one");
  EXPECT_TRUE(reader->text.ends_with("\n\ndata: " + event("one") + "\n")) << reader->text;
}

}  // namespace
}  // namespace lastbyte::admin
