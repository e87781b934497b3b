#include "tests/termination/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace lastbyte::termination::test {
namespace {

constexpr std::string_view kLetters = "AB";

char letter(Which which) { return kLetters[static_cast<std::size_t>(which)]; }

/// Who vanished is shown as who reset, before its FIN and after it.
Output shown(Output output) { return output == Output::lost ? Output::broken : output; }

bool has_a_twin(Event event) { return event == Event::vanished || event == Event::lost; }

FoldedSide fold(const Side& side) {
  const bool held = side.hold == Hold::held;
  const bool failed = side.input == Input::vanished || side.input == Input::aborted;
  return {.input = failed ? Input::reset : side.input,
          // Of a side that is gone only the record still tells it.
          .output = held ? shown(side.output) : Output::broken,
          .held = held,
          .pending = side.pending};
}

bool shown(const Session& session) { return session.linger && !session.draining; }

std::string event_text(const Transition& transition, bool exchanged) {
  const Which side = exchanged ? other(transition.side) : transition.side;
  std::string word(name(transition.event));
  if (transition.event == Event::reset) word += " or vanished";
  if (transition.event == Event::refused) word += " or lost";
  return fmt::format("{} {}", word, letter(side));
}

std::string actions_text(const Step& step, bool exchanged) {
  std::string line;
  for (const Which shown_as : kBoth) {
    const Actions& actions = step.action(exchanged ? other(shown_as) : shown_as);
    const auto add = [&](bool wanted, std::string_view word) {
      if (wanted) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", word, letter(shown_as));
    };
    add(actions.send_fin, "send_fin");
    add(actions.linger, "linger");
    add(actions.close, "close");
    add(actions.reset, "reset");
  }
  return line;
}

class Folding {
 public:
  explicit Folding(const Exploration& exploration) : exploration_(exploration) {
    for (const World& world : exploration.worlds())
      if (shown(world.session)) find_or_add(world.session);
    for (const Transition& transition : exploration.transitions()) add(transition);
  }

  std::vector<FoldedState> states;

 private:
  struct Place {
    std::size_t index = 0;
    bool exchanged = false;
  };

  Place find_or_add(const Session& session) {
    const std::array sides{fold(session.sides[0]), fold(session.sides[1])};
    const std::array mirrored{sides[1], sides[0]};
    const bool ended = final(session);
    for (std::size_t index = 0; index < states.size(); ++index) {
      const FoldedState& state = states[index];
      if (ended && state.final) return {index, false};
      if (ended || state.final) continue;
      if (state.sides == sides) return {index, false};
      if (state.sides == mirrored) return {index, true};
    }
    FoldedState state{
        .sides = sides, .final = ended, .deadline = deadline(session), .deadline_actions = {}, .arrows = {}};
    for (const Which which : kBoth) {
      state.reads[static_cast<std::size_t>(which)] = reads(session, which);
      state.discards[static_cast<std::size_t>(which)] = discards(session, which);
    }
    if (!ended) state.deadline_actions = actions_text(*step(session, Event::deadline, Which::client), false);
    states.push_back(state);
    return {states.size() - 1, false};
  }

  void add(const Transition& transition) {
    const Session& before = exploration_.worlds()[transition.from].session;
    if (!shown(before) || session_wide(transition.event) || has_a_twin(transition.event)) return;
    const Place from = find_or_add(before);
    const Place to = find_or_add(transition.step.session);
    FoldedArrow arrow{.event = event_text(transition, from.exchanged),
                      .actions = actions_text(transition.step, from.exchanged),
                      .to = to.index,
                      .exchanged = from.exchanged != to.exchanged};
    const auto& sides = states[from.index].sides;
    const bool symmetric = sides[0] == sides[1];
    if (symmetric && arrow.event.ends_with(letter(Which::upstream))) return;
    if (states[to.index].sides[0] == states[to.index].sides[1] || states[to.index].final) arrow.exchanged = false;
    auto& arrows = states[from.index].arrows;
    const bool known = std::ranges::any_of(arrows, [&](const FoldedArrow& a) { return a.event == arrow.event; });
    if (!known) arrows.push_back(arrow);
  }

  const Exploration& exploration_;
};

}  // namespace

std::vector<FoldedState> fold(const Exploration& exploration) { return Folding(exploration).states; }

std::map<FoldedVerdict, VerdictCauses> verdicts(const Exploration& exploration) {
  std::map<FoldedVerdict, VerdictCauses> found;
  for (const World& world : exploration.worlds()) {
    if (!final(world.session)) continue;
    const Verdict verdict = termination::verdict(world.session);
    const auto [low, high] = std::minmax(verdict.ends[0], verdict.ends[1]);
    VerdictCauses& causes = found[{.ends = {low, high}, .complete = verdict.complete}];
    causes.limits.insert(verdict.limit);
    causes.firsts.insert(verdict.first);
  }
  return found;
}

}  // namespace lastbyte::termination::test
