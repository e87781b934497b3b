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

}  // namespace
}  // namespace lastbyte::page
