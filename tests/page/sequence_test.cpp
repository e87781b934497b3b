// Sequence diagrams in their forms.
#include "page/sequence.h"

#include <gtest/gtest.h>

namespace lastbyte::page {
namespace {

Sequence example() {
  return {.participants = {{"C", "client"}, {"S", "server"}},
          .events = {Arrow{0, 1, ArrowKind::data, "5 bytes"}, Note{1, "leaves it unread"},
                     Arrow{0, 1, ArrowKind::end, "FIN"}, Arrow{1, 0, ArrowKind::reset, "RST"}}};
}

TEST(Sequence, mermaid_has_a_line_for_each_participant_and_event) {
  EXPECT_EQ(mermaid(example()),
            "sequenceDiagram\n    participant C as client\n    participant S as server\n    C->>S: 5 bytes\n"
            "    Note over S: leaves it unread\n    C-)S: FIN\n    S-xC: RST\n");
}

TEST(Sequence, a_ladder_has_times_arrows_and_notes_at_their_lifelines) {
  Sequence sequence = example();
  std::get<Arrow>(sequence.events[0]).time = "1.5 ms";
  const std::string text = ladder(sequence);
  EXPECT_NE(text.find("1.5 ms"), std::string::npos);
  EXPECT_NE(text.find(" 5 bytes "), std::string::npos);
  EXPECT_NE(text.find(">|"), std::string::npos);
  EXPECT_NE(text.find("leaves it unread *"), std::string::npos);
  EXPECT_NE(text.find("|X="), std::string::npos) << text;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) EXPECT_LE(text.find('\n', at) - at, 104U);
}

TEST(Sequence, svg_is_whole_and_escapes_what_it_shows) {
  Sequence sequence = example();
  std::get<Note>(sequence.events[1]).text = "a < b";
  const std::string picture = svg(sequence);
  EXPECT_TRUE(picture.starts_with("<svg "));
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
  EXPECT_NE(picture.find("a &lt; b"), std::string::npos);
}

/// "C data, note, note"
std::string in_words(const Sequence& sequence) {
  std::string out;
  for (const auto& each : sequence.events) {
    const auto* arrow = std::get_if<Arrow>(&each);
    out += (out.empty() ? "" : ", ") + (arrow != nullptr ? "-" + arrow->text : std::get<Note>(each).text);
  }
  return out;
}

TEST(Folded, what_follows_itself_twice_or_more_stands_once_with_a_number) {
  Sequence sequence = example();
  sequence.events.clear();
  for (const char* time : {"1 ms", "2 ms", "3 ms", "4 ms"})
    sequence.events.emplace_back(Arrow{0, 1, ArrowKind::data, "4096 bytes", time});
  for (const char* time : {"5 ms", "6 ms", "7 ms"}) {
    sequence.events.emplace_back(Note{0, "connect()", time});
    sequence.events.emplace_back(Arrow{0, 1, ArrowKind::data, "SYN", time});
  }
  sequence.events.emplace_back(Arrow{1, 0, ArrowKind::reset, "RST", "8 ms"});
  const Sequence out = folded(sequence);
  EXPECT_EQ(in_words(out), "-4096 bytes, the same, 3 times more, connect(), -SYN, these 2 lines, 2 times more, -RST");
  EXPECT_EQ(std::get<Note>(out.events[1]).time, "4 ms");
  EXPECT_EQ(std::get<Note>(out.events[1]).over, 0U);
}

TEST(Folded, what_comes_twice_or_differs_in_anything_but_the_time_stays) {
  Sequence sequence = example();
  EXPECT_EQ(in_words(folded(sequence)), in_words(sequence));
  sequence.events = {Arrow{0, 1, ArrowKind::data, "a"},  Arrow{0, 1, ArrowKind::data, "a"},
                     Arrow{1, 0, ArrowKind::data, "a"},  Arrow{1, 0, ArrowKind::end, "a"},
                     Arrow{1, 0, ArrowKind::reset, "a"}, Note{1, "a"}};
  EXPECT_EQ(folded(sequence).events.size(), 6U);
  sequence.events = {};
  EXPECT_TRUE(folded(sequence).events.empty());
}

}  // namespace
}  // namespace lastbyte::page
