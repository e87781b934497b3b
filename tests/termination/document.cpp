#include "tests/termination/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>
#include <vector>

#include "tests/termination/fold.h"

namespace lastbyte::termination::test {
namespace {

constexpr std::string_view kIntroduction = R"(# How a session ends: the machine

This file is generated. `termination_doc > docs/termination.md` writes it anew; a test fails while it is stale.

All decisions about endings are taken by one pure function, `step(session, event, side)` in
`src/termination/transition.cpp`. It does no I/O, reads no clock, and does not know which side is the client. The test
`tests/termination` explores it from a new session, every event in every state, and holds the properties of
[contract.md](contract.md) in all of them. The clauses (T1 to T15) are explained there.

Each side has an **input** (the flow out of it) and an **output** (the flow into it):

| input | |
|---|---|
| open | more may come |
| fin | its FIN was read |
| failed | it reset the connection or vanished (the machine tells the two apart, this page does not) |

| output | |
|---|---|
| untried | nothing is done for it before the other side has told who it is (a PROXY header) |
| unasked | nothing is done for it before the other side has sent a byte (`connect-on: data`) |
| connecting | nothing can be sent yet (T3) |
| open | bytes can be sent |
| fin_sent | `shutdown(SHUT_WR)` was called (T1) |
| fin_acked | the peer's kernel has acknowledged the FIN, and so every byte before it |
| broken | it takes nothing any more: a write failed, or its input failed (T5). The machine calls it `lost` where the peer has vanished |

A side is **gone** once its descriptor is closed. **+** marks a side of which bytes have been read that wait for the other
side to take them.

What happens:

| event | |
|---|---|
| greeted, rejected | the side has told who it is, or need not; it is not to be served |
| held_back, asked | the side is not connected before the other one has sent a byte; that has come |
| connected, connect_failed | the connection attempt is over |
| pending, drained | bytes read from the side wait for the other, wait no more |
| fin | its FIN was read, and no error was seen before it |
| fin_aborts | likewise, where the operator takes this FIN for the end of the session (`late-fin: abort`) |
| reset, vanished | reading it ended in an error: ECONNRESET and the like; ETIMEDOUT and the like |
| refused | a write to it failed, or its socket reports an error after its FIN |
| broke | its socket reports a reset while bytes that came before it are still to be read |
| lost | as `refused`, but because the peer has vanished: ETIMEDOUT and the like |
| acked | its kernel has acknowledged everything that was sent to it |
| deadline | the armed deadline has passed |
| stop, abort | the operator asked for a stop; its drain time is over |
| abandon | lastbyte itself cannot go on with the session, for want of memory for one |

What follows, apart from what can be undone (whether a side is read, which deadline is armed), which is derived from the
state and never stored: `send_fin` is `shutdown(SHUT_WR)`; `linger` begins to read only to discard, until the linger
deadline; `close` is `close()`; `reset` is `SO_LINGER {1,0}` and `close()`, and nothing for a side that was never tried.
)";

constexpr std::string_view kStatesIntroduction = R"(
## States

The two sides are called A and B, since the machine does not know who is who: each state stands for its mirror image as
well. Of a side that is gone only how its flow ended still matters. *Read* says of which sides the input is read, and of
which it is thrown away. *Deadline* is the one that is armed, and what its passing does. A stop changes nothing in this
table but that `drain` takes the place of `idle` and `half_close`; `abort` and `abandon` reset whatever is held, in every
state.

)";

constexpr std::string_view kTransitionsIntroduction = R"(
## Transitions

One row a state. `event: actions → next state`; *end* is the final state, both sides gone. A state with a prime is entered
with A and B exchanged. In a state whose sides are alike, only A's events are shown. Events that are not listed are
impossible there, and the driver asserts that. This is the machine with lingering on. With `linger: off`, `close` takes the
place of `linger` and the side is gone, unless its output is broken: such a side is always read to its end (T5).

)";

constexpr std::string_view kPhasesIntroduction = R"(
## Phases

The same machine, folded further: by the deadline that is armed, and for `half_close` by whether one side is gone already.
Every phase also ends when its deadline passes, and by `abort` and `abandon`, which is not drawn.

```mermaid
stateDiagram-v2
)";

constexpr std::string_view kVerdictsIntroduction = R"(
## Verdicts

Every pair of ends that a session's record can show; which of the two is the client's does not matter. *Limit*: the
deadlines that can have led to it (a dash: it needs none). *First*: what can have come first. Session records are explained
field by field in [session-records.md](session-records.md).

| one side | the other side | complete | limit | first |
|---|---|---|---|---|
)";

std::string side_text(const FoldedSide& side) {
  const std::string_view input = side.input == Input::reset ? "failed" : name(side.input);
  const std::string_view waiting = side.pending ? " +" : "";
  if (!side.held)
    return fmt::format("gone after {}{}", side.input == Input::reset ? "failure" : name(side.input), waiting);
  return fmt::format("{} / {}{}", input, name(side.output), waiting);
}

/// Counted without the final state, which is called the end.
std::string label(const std::vector<FoldedState>& states, std::size_t index) {
  if (states[index].final) return "end";
  const auto upto = std::span(states).first(index);
  return std::to_string(index + 1 - static_cast<std::size_t>(std::ranges::count_if(upto, &FoldedState::final)));
}

std::string reads_text(const FoldedState& state) {
  std::vector<std::string> words;
  for (std::size_t index = 0; index < 2; ++index) {
    if (!state.reads[index]) continue;
    words.push_back(fmt::format("{}{}", index == 0 ? "A" : "B", state.discards[index] ? " (thrown away)" : ""));
  }
  return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
}

std::string states_table(const std::vector<FoldedState>& states) {
  std::string table = "| state | A: input / output | B: input / output | read | deadline |\n|---|---|---|---|---|\n";
  for (std::size_t index = 0; index < states.size(); ++index) {
    const FoldedState& state = states[index];
    if (state.final) continue;
    table += fmt::format("| {} | {} | {} | {} | {}: {} |\n", label(states, index), side_text(state.sides[0]),
                         side_text(state.sides[1]), reads_text(state), name(state.deadline), state.deadline_actions);
  }
  return table;
}

std::string transitions_table(const std::vector<FoldedState>& states) {
  std::string table = "| state | transitions |\n|---|---|\n";
  for (std::size_t index = 0; index < states.size(); ++index) {
    if (states[index].final) continue;
    std::vector<std::string> cells;
    for (const FoldedArrow& arrow : states[index].arrows) {
      cells.push_back(fmt::format("{}{}{} → {}{}", arrow.event, arrow.actions.empty() ? "" : ": ", arrow.actions,
                                  label(states, arrow.to), arrow.exchanged ? "′" : ""));
    }
    table += fmt::format("| {} | {} |\n", label(states, index), fmt::join(cells, "<br>"));
  }
  return table;
}

struct Phase {
  std::string_view id;
  std::string_view text;
};

Phase phase_of(const FoldedState& state) {
  switch (state.deadline) {
    case Deadline::none: return {"[*]", ""};
    case Deadline::proxy_header: return {"Greeting", "the client is to tell who it is"};
    case Deadline::first_byte: return {"Silent", "the upstream is connected at the first byte"};
    case Deadline::queue: return {"Queued", "there is no room for the upstream session yet"};
    case Deadline::connect: return {"Connecting", "the upstream is being connected"};
    case Deadline::idle: return {"Carrying", "both flows are open"};
    case Deadline::half_close:
      if (state.sides[0].held && state.sides[1].held)
        return {"HalfClosed", "a flow has ended or is refused, the other goes on"};
      return {"LastBytes", "one side is gone, the other is owed its last bytes and a FIN"};
    case Deadline::reset_flush: return {"Flushing", "one side failed, bytes go to the other before its reset"};
    case Deadline::linger: return {"Lingering", "input is read to be thrown away until the peer ends it"};
    case Deadline::drain: break;
  }
  return {"Draining", ""};
}

std::string phases_diagram(const std::vector<FoldedState>& states) {
  std::vector<Phase> phases;
  std::map<std::pair<std::string_view, std::string_view>, std::set<std::string>> edges;
  for (const FoldedState& state : states) {
    const Phase from = phase_of(state);
    const bool known = std::ranges::any_of(phases, [&](const Phase& phase) { return phase.id == from.id; });
    if (!known && !state.final) phases.push_back(from);
    for (const FoldedArrow& arrow : state.arrows) {
      const Phase to = phase_of(states[arrow.to]);
      if (to.id != from.id) edges[{from.id, to.id}].insert(arrow.event.substr(0, arrow.event.rfind(' ')));
    }
  }
  std::string diagram;
  for (const Phase& phase : phases)
    diagram += fmt::format("    {}: {} ({})\n", phase.id, phase.text,
                           name(std::ranges::find_if(states, [&](const FoldedState& state) {
                                  return phase_of(state).id == phase.id;
                                })->deadline));
  for (const std::string_view first : {"Connecting", "Greeting"}) diagram += fmt::format("    [*] --> {}\n", first);
  for (const auto& [ends, events] : edges)
    diagram += fmt::format("    {} --> {}: {}\n", ends.first, ends.second, fmt::join(events, ", "));
  return diagram + "```\n";
}

template <typename Word>
std::string words(const std::set<Word>& values, Word none) {
  std::vector<std::string_view> texts;
  texts.reserve(values.size());
  for (const Word value : values) texts.push_back(value == none ? "–" : name(value));
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string verdicts_table(const Exploration& exploration) {
  std::string table;
  for (const auto& [verdict, causes] : verdicts(exploration)) {
    table += fmt::format("| {} | {} | {} | {} | {} |\n", name(verdict.ends.first), name(verdict.ends.second),
                         verdict.complete ? "yes" : "no", words(causes.limits, Deadline::none),
                         words(causes.firsts, First::none));
  }
  return table;
}

}  // namespace

std::string document() {
  const Exploration exploration{Machine{}};
  const std::vector<FoldedState> states = fold(exploration);
  std::string text(kIntroduction);
  text += kPhasesIntroduction;
  text += phases_diagram(states);
  text += kStatesIntroduction;
  text += states_table(states);
  text += kTransitionsIntroduction;
  text += transitions_table(states);
  text += kVerdictsIntroduction;
  text += verdicts_table(exploration);
  return text;
}

}  // namespace lastbyte::termination::test
