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

}  // namespace
}  // namespace lastbyte::page
