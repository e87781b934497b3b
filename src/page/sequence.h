// Sequence diagrams: participants, arrows and notes in their order. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace lastbyte::page {

enum class ArrowKind : std::uint8_t {
  data,   ///< bytes
  end,    ///< a FIN
  reset,  ///< a RST
};

/// Participants are indices into Sequence::participants.
struct Arrow {
  std::size_t from = 0;
  std::size_t to = 0;
  ArrowKind kind = ArrowKind::data;
  std::string text;
  std::string time = {};  ///< beside it, where the form has a column for it
};

struct Note {
  std::size_t over = 0;
  std::string text;
  std::string time = {};
};

struct Participant {
  std::string letter;  ///< short, unique
  std::string name;
};

struct Sequence {
  std::vector<Participant> participants;
  std::vector<std::variant<Arrow, Note>> events;
};

/// Lines of a Mermaid sequenceDiagram.
std::string mermaid(const Sequence& sequence);
/// Lines for a terminal of 100 columns: a column for times, then a lifeline for each participant.
std::string ladder(const Sequence& sequence);
/// A picture by itself: no script, no style sheet, no font of its own.
std::string svg(const Sequence& sequence);

}  // namespace lastbyte::page
