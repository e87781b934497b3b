#include "page/sequence.h"

namespace lastbyte::page {
namespace {

const char* line_of(ArrowKind kind) {
  switch (kind) {
    case ArrowKind::data: return "->>";
    case ArrowKind::end: return "-)";
    case ArrowKind::reset: return "-x";
  }
  return "->>";
}

}  // namespace

std::string mermaid(const Sequence& sequence) {
  std::string out = "sequenceDiagram\n";
  const auto letter = [&](std::size_t index) { return sequence.participants[index].letter; };
  for (const Participant& each : sequence.participants)
    out += "    participant " + each.letter + " as " + each.name + "\n";
  for (const auto& event : sequence.events) {
    if (const auto* arrow = std::get_if<Arrow>(&event)) {
      out += "    " + letter(arrow->from) + line_of(arrow->kind) + letter(arrow->to) + ": " + arrow->text + "\n";
    } else {
      const Note& note = std::get<Note>(event);
      out += "    Note over " + letter(note.over) + ": " + note.text + "\n";
    }
  }
  return out;
}

}  // namespace lastbyte::page
