// Sequence diagrams: participants, with arrows and notes in order. Pure.
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

/// An arrow between two participants, which are indices into Sequence::participants.
struct Arrow {
  std::size_t from = 0;
  std::size_t to = 0;
  ArrowKind kind = ArrowKind::data;
  std::string text;
  std::string time = {};  ///< shown beside the arrow, if the form has a column for times
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

/// Returns the sequence without repetitions. Up to eight events that follow themselves twice or more stand once, and a
/// note behind them says how many times more they came. Times do not count.
Sequence folded(const Sequence& sequence);

/// Returns the lines of a Mermaid sequenceDiagram.
std::string mermaid(const Sequence& sequence);
/// Returns lines for a terminal of 100 columns: a column for times, then a lifeline for each participant.
std::string ladder(const Sequence& sequence);
/// Returns a self-contained picture: no script, no style sheet, no font of its own.
std::string svg(const Sequence& sequence);

}  // namespace lastbyte::page
