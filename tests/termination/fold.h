// The explored machine folded to what a reader can hold: states that differ only in who is who, in how a side failed,
// or in what is kept for the record alone are one state here.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/termination/exploration.h"

namespace lastbyte::termination::test {

/// A side as the folded states show it.
struct FoldedSide {
  Input input{};  ///< vanished is shown as reset
  Output output{};
  bool held = true;
  bool pending = false;

  friend constexpr auto operator<=>(const FoldedSide&, const FoldedSide&) = default;
};

/// What an event leads to. `exchanged`: the sides called A and B here are called B and A in the state `to`.
struct FoldedArrow {
  std::string event;    ///< "fin A"
  std::string actions;  ///< "send_fin B"; empty for none
  std::size_t to = 0;
  bool exchanged = false;
};

struct FoldedState {
  std::array<FoldedSide, 2> sides{};  ///< A and B, as they were found first: A is mostly the client
  bool final = false;
  std::array<bool, 2> reads{};
  std::array<bool, 2> discards{};
  Deadline deadline{};
  std::string deadline_actions;
  std::vector<FoldedArrow> arrows;  ///< without deadline, stop and abort
};

/// With lingering on and no stop under way. The first is that of a new session.
std::vector<FoldedState> fold(const Exploration& exploration);

/// A verdict without its sides' names: `ends` in the order of enum End.
struct FoldedVerdict {
  std::pair<End, End> ends;
  bool complete = false;

  friend constexpr auto operator<=>(const FoldedVerdict&, const FoldedVerdict&) = default;
};

struct VerdictCauses {
  std::set<Deadline> limits;  ///< none among them: it can come about without a limit
  std::set<First> firsts;
};

/// Every verdict that can appear, with lingering on or off.
std::map<FoldedVerdict, VerdictCauses> verdicts(const Exploration& exploration);

}  // namespace lastbyte::termination::test
