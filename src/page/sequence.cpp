#include "page/sequence.h"

#include <span>

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

using Event = std::variant<Arrow, Note>;

bool same(const Event& one, const Event& other) {
  if (const auto* arrow = std::get_if<Arrow>(&one)) {
    const auto* next = std::get_if<Arrow>(&other);
    return next != nullptr && arrow->from == next->from && arrow->to == next->to && arrow->kind == next->kind &&
           arrow->text == next->text;
  }
  const auto* next = std::get_if<Note>(&other);
  return next != nullptr && std::get<Note>(one).over == next->over && std::get<Note>(one).text == next->text;
}

/// How many times more the `length` events at `begin` follow themselves.
std::size_t times_more(std::span<const Event> events, std::size_t begin, std::size_t length) {
  std::size_t end = begin + length;
  while (end < events.size() && same(events[end - length], events[end])) ++end;
  return (end - begin) / length - 1;
}

Note note_of(std::size_t length, std::size_t times, const Event& first, const Event& last) {
  const auto* arrow = std::get_if<Arrow>(&first);
  const std::string what = length == 1 ? "the same" : "these " + std::to_string(length) + " lines";
  return {.over = arrow != nullptr ? arrow->from : std::get<Note>(first).over,
          .text = what + ", " + std::to_string(times) + " times more",
          .time = std::visit([](const auto& each) { return each.time; }, last)};
}

}  // namespace

Sequence folded(const Sequence& sequence) {
  constexpr std::size_t kLongest = 8;
  constexpr std::size_t kFewest = 2;
  const std::span<const Event> events = sequence.events;
  Sequence out{.participants = sequence.participants, .events = {}};
  for (std::size_t at = 0; at < events.size();) {
    std::size_t length = 1;
    std::size_t times = 0;
    for (std::size_t each = 1; each <= kLongest && at + each <= events.size(); ++each) {
      const std::size_t more = times_more(events, at, each);
      if (more < kFewest || more * each <= times * length) continue;
      length = each;
      times = more;
    }
    for (std::size_t i = 0; i < length; ++i) out.events.push_back(events[at + i]);
    if (times != 0) out.events.emplace_back(note_of(length, times, events[at], events[at + length * (times + 1) - 1]));
    at += length * (times + 1);
  }
  return out;
}

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
