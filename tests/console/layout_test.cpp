// Tests lastbyte top as lines of text.
#include "console/top/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace lastbyte::console {
namespace {

SessionReading some_session(std::uint64_t id) {
  SessionReading session;
  session.id = id;
  session.forwarding = "転送-with a name that is long";
  session.state = "half_closed";
  session.client = "[2001:db8:1234:5678:9abc:def0:1234:5678]:54321";
  session.upstream = "10.0.0.1:80";
  session.age_us = 90'000'000;
  session.half_close_age_us = 3'000'000;
  session.deadline = "half_close";
  session.fires_in_us = 5'000'000;
  session.received = {id * 1000, id * 2000};
  session.unacknowledged = 4096;
  return session;
}

SessionsReading crowd(std::size_t count, std::int64_t seconds) {
  SessionsReading reading;
  for (std::uint64_t id = 1; id <= count; ++id) {
    SessionReading session = some_session(id);
    session.age_us += seconds * 1'000'000;
    session.received[0] *= static_cast<std::uint64_t>(seconds + 1);
    reading.sessions.push_back(session);
  }
  reading.matched = count;
  return reading;
}

StatusReading serving(std::int64_t seconds) {
  StatusReading status{
      .version = "1.2", .pid = 4711, .instance = "then", .uptime_us = seconds * 1'000'000, .ready = true};
  status.open = 30;
  const auto grown = static_cast<std::uint64_t>(seconds);
  status.forwardings["web"] = {.begun = 120 * grown,
                               .ended = {{"complete", 117 * grown}, {"reset_by_client", grown}},
                               .received = {1'200'000 * grown, 30'000'000 * grown}};
  return status;
}

View two_pictures(SortKey sort = SortKey::rate, std::size_t count = 30) {
  View view(sort, false, "");
  view.took(serving(100), crowd(count, 0));
  view.took(serving(101), crowd(count, 1));
  return view;
}

std::string all_of(const std::vector<Line>& lines) {
  std::string all;
  for (const Line& each : lines) all += each.text + "\n";
  return all;
}

TEST(Layout, a_screen_of_80_by_24_has_rates_endings_order_and_both_sockets) {
  View view = two_pictures();
  const auto lines = screen_of(view, {.columns = 80, .lines = 24}, "12:34:56");
  ASSERT_EQ(lines.size(), 24U);
  EXPECT_EQ(lines[0].text, "lastbyte 1.2  30 sessions  ready  up 101.0s  pid 4711  12:34:56");
  EXPECT_EQ(lines[1].text, "begun 120/s  ended 118/s  from clients 1.1MB/s  from upstreams 29MB/s");
  EXPECT_EQ(lines[2].text, "endings/s  complete 117  reset_by_client 1.0");
  EXPECT_EQ(lines[3].text, "sort rate  1-18 of 30");
  EXPECT_EQ(lines[4].text, "     ID STATE        ->B/s  <-B/s  UNACK CLIENT              UPSTREAM");
  EXPECT_EQ(lines[4].style, Style::heading);
  EXPECT_EQ(lines[5].text, "     30 half_closed    29k      0   4.0k [2001:db8:1234:567~ 10.0.0.1:80") << all_of(lines);
  EXPECT_EQ(lines[5].style, Style::selected);
  EXPECT_EQ(lines[6].style, Style::plain);
  EXPECT_TRUE(lines[23].text.starts_with("? help  q quit")) << lines[23].text;
}

TEST(Layout, a_screen_of_40_by_10_keeps_what_the_order_goes_by) {
  for (const SortWord& each : kSortWords) {
    View view = two_pictures(each.key);
    const auto lines = screen_of(view, {.columns = 40, .lines = 10}, "12:34:56");
    EXPECT_NE(lines[1].text.find("begun 120 ended 118 -> 1.1M <- 29M"), std::string::npos) << lines[1].text;
    EXPECT_NE(lines[4].text.find("CLIENT"), std::string::npos);
    const std::map<SortKey, std::string> title{{SortKey::rate, "->B/s  <-B/s"},
                                               {SortKey::half_close, "HALF"},
                                               {SortKey::unacknowledged, "UNACK"},
                                               {SortKey::lingering, "HALF"},
                                               {SortKey::age, "AGE"},
                                               {SortKey::idle, "IDLE"},
                                               {SortKey::id, "ID"}};
    EXPECT_NE(lines[4].text.find(title.at(each.key)), std::string::npos) << lines[4].text;
    EXPECT_EQ(lines[9].text, "? help  q quit  / filter  x reset");
  }
}

TEST(Layout, nothing_is_wider_or_longer_than_the_screen) {
  for (const std::size_t columns : {1U, 2U, 3U, 5U, 9U, 17U, 39U, 40U, 79U, 80U, 81U, 133U, 240U, 500U}) {
    for (const std::size_t lines : {1U, 2U, 3U, 5U, 7U, 8U, 10U, 24U, 60U}) {
      View view = two_pictures();
      const Screen screen{.columns = columns, .lines = lines};
      const auto check = [&] {
        const auto text = screen_of(view, screen, "12:34:56");
        ASSERT_EQ(text.size(), lines);
        for (const Line& each : text) EXPECT_LE(columns_of(each.text), columns) << each.text;
      };
      check();
      for (const char32_t key : {U'?', U'q', U'/', U'w', U'ö'}) {
        view.press({.name = Key::Name::character, .character = key}, page_of(screen));
        check();
      }
      view.press({.name = Key::Name::escape}, page_of(screen));
      view.press({.name = Key::Name::end}, page_of(screen));
      view.press({.name = Key::Name::character, .character = U'x'}, page_of(screen));
      check();
      view.lost("connect to the administration at unix:/run/lastbyte/admin-1.sock: refused");
      check();
    }
  }
}

TEST(Layout, the_selection_is_on_the_screen) {
  View view = two_pictures();
  const Screen screen{.columns = 80, .lines = 10};
  for (int press = 0; press < 40; ++press) {
    const auto lines = screen_of(view, screen, "");
    EXPECT_EQ(std::ranges::count(lines, Style::selected, &Line::style), 1);
    view.press({.name = press < 20 ? Key::Name::down : Key::Name::up}, page_of(screen));
  }
}

TEST(Layout, a_name_cannot_move_the_cursor) {
  View view(SortKey::id, false, "");
  SessionsReading evil = crowd(1, 0);
  evil.sessions[0].forwarding = "\x1b]0;owned\x07";
  evil.sessions[0].client = "a\nb\rc";
  evil.sessions[0].state = "\xff";
  StatusReading status = serving(1);
  status.version = "\x1b[2J";
  status.ready = false;
  status.reason = "\n\n\n";
  view.took(status, evil);
  const std::string screen = all_of(screen_of(view, {.columns = 200, .lines = 10}, "now"));
  EXPECT_EQ(screen.find('\x1b'), std::string::npos);
  EXPECT_EQ(std::ranges::count(screen, '\n'), 10);
  EXPECT_EQ(text_of(view, "now").find('\x1b'), std::string::npos);
  const std::string ascii = all_of(screen_of(view, {.columns = 200, .lines = 10, .charset = Charset::ascii}, "now"));
  EXPECT_TRUE(std::ranges::all_of(ascii, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); })) << ascii;
}

TEST(Layout, text_for_a_file_has_every_session_whole) {
  const View view = two_pictures(SortKey::rate, 3);
  const std::string text = text_of(view, "12:34:56");
  EXPECT_EQ(std::ranges::count(text, '\n'), 5 + 3) << text;
  for (const char* each : {"[2001:db8:1234:5678:9abc:def0:1234:5678]:54321", "転送-with a name that is long",
                           "half_close in 5.0s", "UNACK", "AGE", "IDLE", "sort rate  1-3 of 3"})
    EXPECT_NE(text.find(each), std::string::npos) << each << " in " << text;
}

TEST(Layout, more_sessions_than_are_given_at_once_are_said) {
  View view(SortKey::age, false, "");
  SessionsReading page = crowd(10, 0);
  page.matched = 70'000;
  view.took(serving(1), page);
  EXPECT_EQ(screen_of(view, {}, "")[3].text, "sort age  1-10 of 10 (of 70000: the oldest 10)");
}

}  // namespace
}  // namespace lastbyte::console
