// Tests the keys of lastbyte top.
#include "console/top/view.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lastbyte::console {
namespace {

constexpr std::size_t kPage = 4;

SessionReading a_session(std::uint64_t id) {
  SessionReading session;
  session.id = id;
  session.forwarding = id % 2 == 0 ? "Web" : "mail";
  session.state = "open";
  session.client = "192.0.2." + std::to_string(id) + ":1";
  session.upstream = "10.0.0.1:80";
  session.age_us = static_cast<std::int64_t>(id) * 1'000'000;
  session.idle_us = static_cast<std::int64_t>(id);
  session.deadline = "idle";
  return session;
}

std::string instance_of(std::int64_t pid) { return "r" + std::to_string(pid); }

SessionsReading sessions(std::vector<std::uint64_t> ids, std::int64_t pid) {
  SessionsReading reading{.instance = instance_of(pid)};
  for (const std::uint64_t id : ids) reading.sessions.push_back(a_session(id));
  reading.matched = reading.sessions.size();
  return reading;
}

StatusReading process(std::int64_t pid, std::int64_t uptime_us) {
  return {.pid = pid, .instance = instance_of(pid), .uptime_us = uptime_us};
}

Key letter(char32_t character) { return {.name = Key::Name::character, .character = character}; }

struct Watched {
  explicit Watched(SortKey sort = SortKey::id, std::string filter = "") : view(sort, false, std::move(filter)) {}
  void sees(std::vector<std::uint64_t> ids, std::int64_t pid = 1) {
    view.took(process(pid, uptime += 1'000'000), sessions(std::move(ids), pid));
  }
  Wish press(char32_t character) { return view.press(letter(character), kPage); }
  Wish press(Key::Name name) { return view.press({.name = name}, kPage); }
  void type(std::string_view text) {
    for (const char c : text) press(static_cast<char32_t>(c));
  }
  [[nodiscard]] std::uint64_t selected() const { return view.visible()[view.selected()]->session.id; }
  [[nodiscard]] std::vector<std::uint64_t> ids() const {
    std::vector<std::uint64_t> ids;
    for (const SessionRow* row : view.visible()) ids.push_back(row->session.id);
    return ids;
  }
  View view;
  std::int64_t uptime = 0;
};

using Ids = std::vector<std::uint64_t>;

SessionRow row(std::uint64_t id, std::string state, std::int64_t half_close_us, std::uint64_t unacknowledged,
               double rate) {
  SessionRow row{.session = a_session(id)};
  row.session.state = std::move(state);
  if (half_close_us >= 0) row.session.half_close_age_us = half_close_us;
  row.session.unacknowledged = unacknowledged;
  if (rate >= 0) row.rate = {rate, 0};
  return row;
}

TEST(View, each_order_puts_what_is_looked_for_first) {
  const std::vector<SessionRow> rows{row(1, "open", -1, 5, -1), row(2, "half_closed", 900, 0, 7),
                                     row(3, "lingering", 10, 0, 0), row(4, "lingering", 20, 90, 3)};
  const auto order = [&](SortKey key) {
    Ids ids{1, 2, 3, 4};
    std::ranges::sort(ids, [&](auto a, auto b) { return stands_before(rows[a - 1], rows[b - 1], key); });
    return ids;
  };
  EXPECT_EQ(order(SortKey::rate), (Ids{2, 4, 3, 1}));
  EXPECT_EQ(order(SortKey::half_close), (Ids{2, 4, 3, 1}));
  EXPECT_EQ(order(SortKey::lingering), (Ids{4, 3, 2, 1}));
  EXPECT_EQ(order(SortKey::unacknowledged), (Ids{4, 1, 2, 3}));
  EXPECT_EQ(order(SortKey::age), (Ids{4, 3, 2, 1}));
  EXPECT_EQ(order(SortKey::id), (Ids{4, 3, 2, 1}));
}

TEST(View, the_administration_compares_what_it_can) {
  EXPECT_EQ(sessions_request(parse_filter("")).filters, "");
  EXPECT_EQ(sessions_request(parse_filter("state=lingering x client=10.0.0.0/8 y=1 state=")).filters,
            "&state=lingering&client=10.0.0.0%2F8");
  for (const SortWord& each : kSortWords) EXPECT_EQ(&word_of(each.key), &each);
}

TEST(View, a_filter_is_typed_and_removed) {
  Watched top;
  top.sees({1, 2, 3, 12});
  top.press(U'/');
  EXPECT_EQ(top.view.mode(), View::Mode::filter);
  top.type("weq");
  top.press(Key::Name::backspace);
  top.type("b 2.2:");
  EXPECT_EQ(top.press(Key::Name::enter).what, Wish::What::ask);
  EXPECT_EQ(top.ids(), (Ids{2}));
  EXPECT_EQ(top.press(Key::Name::escape).what, Wish::What::ask);
  EXPECT_EQ(top.ids().size(), 4U);
  top.press(U'/');
  top.press(U'ö');
  top.press(Key::Name::backspace);
  EXPECT_EQ(top.view.filter_text(), "");
  top.type("no such");
  EXPECT_EQ(top.press(Key::Name::escape).what, Wish::What::nothing) << "the typed text is discarded";
  EXPECT_EQ(top.view.filter_text(), "");
}

TEST(View, the_selection_follows_its_session) {
  Watched top;
  top.sees({1, 2, 3, 4});
  top.press(Key::Name::down);
  EXPECT_EQ(top.selected(), 3U);
  top.sees({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(top.selected(), 3U);
  top.sees({1, 2, 5, 6});
  EXPECT_EQ(top.selected(), 1U) << "it has ended: select the one in its place";
  top.sees({});
  EXPECT_EQ(top.view.selected(), 0U);
  EXPECT_EQ(top.press(U'x').what, Wish::What::nothing);
  EXPECT_EQ(top.view.mode(), View::Mode::list);
}

TEST(View, the_first_line_is_no_sessions) {
  Watched top;
  top.sees({1, 2});
  EXPECT_EQ(top.selected(), 2U);
  top.sees({1, 2, 3});
  EXPECT_EQ(top.selected(), 3U);
}

TEST(View, it_pages_to_both_ends) {
  Watched top;
  top.sees({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  top.press(Key::Name::page_down);
  EXPECT_EQ(top.selected(), 6U);
  EXPECT_EQ(top.view.first_of_page(kPage), 1U);
  top.press(U'G');
  EXPECT_EQ(top.selected(), 1U);
  EXPECT_EQ(top.view.first_of_page(kPage), 6U);
  top.press(Key::Name::page_up);
  top.press(Key::Name::page_up);
  top.press(Key::Name::page_up);
  top.press(Key::Name::up);
  EXPECT_EQ(top.selected(), 10U);
  EXPECT_EQ(top.view.first_of_page(kPage), 0U);
  EXPECT_EQ(top.view.first_of_page(0), 0U);
}

TEST(View, nothing_is_ended_without_a_yes) {
  Watched top;
  top.sees({1, 2});
  for (const char32_t no : {U'n', U'x', U'q', U' '}) {
    EXPECT_EQ(top.press(U'x').what, Wish::What::nothing);
    EXPECT_EQ(top.view.mode(), View::Mode::confirm);
    EXPECT_EQ(top.press(no).what, Wish::What::nothing);
    EXPECT_EQ(top.view.mode(), View::Mode::list);
  }
  top.press(U'x');
  EXPECT_EQ(top.press(Key::Name::enter).what, Wish::What::nothing);
  top.press(U'x');
  const Wish reset = top.press(U'y');
  EXPECT_EQ(reset.what, Wish::What::end);
  EXPECT_EQ(reset.request.method + " " + reset.request.target, "POST /v1/sessions/2/reset?instance=r1");
  top.press(U'c');
  EXPECT_EQ(top.press(U'Y').request.target, "/v1/sessions/2/close?instance=r1");
}

TEST(View, the_answer_is_to_the_session_of_the_question) {
  Watched top;
  top.sees({1, 2});
  top.press(U'x');
  top.sees({1, 2, 3});
  EXPECT_NE(top.view.question().find("session 2?"), std::string::npos) << top.view.question();
  EXPECT_EQ(top.press(U'y').request.target, "/v1/sessions/2/reset?instance=r1");
}

TEST(View, a_question_ends_with_its_process) {
  Watched top;
  top.sees({1, 2});
  top.press(U'x');
  top.view.lost("connect: refused");
  EXPECT_EQ(top.view.why_lost(), "connect: refused");
  top.sees({1, 2}, 2);
  EXPECT_EQ(top.view.why_lost(), "");
  EXPECT_EQ(top.view.mode(), View::Mode::list);
  EXPECT_NE(top.press(U'y').what, Wish::What::end);
  top.view.lost("gone");
  top.press(U'x');
  EXPECT_EQ(top.view.mode(), View::Mode::list) << "there is no instance to do it";
}

// Between the two answers of a picture the process may be another one.
TEST(View, an_order_is_for_the_instance_that_has_the_sessions) {
  Watched top;
  top.sees({1, 2});
  top.view.took(process(1, 2'000'000), sessions({1, 2}, 2));
  top.press(U'x');
  EXPECT_EQ(top.press(U'y').request.target, "/v1/sessions/2/reset?instance=r2");
  EXPECT_FALSE(top.view.visible().front()->rate) << "of another process's session";
}

TEST(View, a_pause_keeps_the_picture) {
  Watched top;
  top.sees({1, 2});
  top.press(U'p');
  top.sees({3});
  EXPECT_EQ(top.ids(), (Ids{2, 1}));
  top.press(U'p');
  top.sees({3});
  EXPECT_EQ(top.ids(), (Ids{3}));
}

TEST(View, a_pause_ends_with_its_process) {
  Watched top;
  top.sees({1, 2});
  top.press(U'p');
  top.sees({7}, 2);
  EXPECT_EQ(top.ids(), (Ids{7}));
  EXPECT_FALSE(top.view.paused());
  top.press(U'x');
  EXPECT_EQ(top.press(U'y').request.target, "/v1/sessions/7/reset?instance=r2");
}

TEST(View, the_order_is_changed_at_once) {
  Watched top;
  top.sees({1, 2, 3});
  EXPECT_EQ(top.press(U'R').what, Wish::What::nothing) << "all sessions are known";
  EXPECT_EQ(top.ids(), (Ids{1, 2, 3}));
  EXPECT_EQ(top.press(U'u').what, Wish::What::nothing);
  EXPECT_EQ(top.view.sort(), SortKey::unacknowledged);
  EXPECT_EQ(top.press(U'q').what, Wish::What::quit);
  EXPECT_EQ(top.press(U'?').what, Wish::What::nothing);
  EXPECT_EQ(top.view.mode(), View::Mode::help);
  EXPECT_EQ(top.press(U'q').what, Wish::What::nothing) << "any key returns";
}

}  // namespace
}  // namespace lastbyte::console
