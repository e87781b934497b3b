// The machine as such: descriptors, deadlines, symmetry, verdicts, completeness.
#include <fmt/format.h>

#include <algorithm>

#include "tests/termination/looking.h"

namespace lastbyte::termination::test {
namespace {

// ---- 5: each descriptor is closed once
// --------------------------------------------------------------------------------

Violations closed_once(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const Actions& actions = seen.action(which);
    if (actions.close && actions.reset) return "was both closed and reset";
    if (actions.linger && (actions.close || actions.reset))
      return "was let go of in the step in which it began to linger";
    const bool any = !(actions == Actions{});
    return any && !held(seen.before.peer(which)) ? "was acted on after it was let go of" : "";
  });
}

Violations let_go_of_as_told(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const bool told_held = world.session.side(which).hold == Hold::held;
    if (told_held != held(world.peer(which))) return "the state and the actions disagree on whether it is held";
    return machine.final(world.session) == over(world) ? "" : "final does not mean that both are gone";
  });
}

Violations nothing_after_the_end(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (over(seen.before)) return "an event was accepted after the end";
    const bool of_side = !session_wide(seen.event()) && seen.transition.side == which;
    // What was read from it may still wait for the other side.
    if (!of_side || seen.event() == Event::drained) return {};
    return held(seen.before.peer(which)) ? "" : "an event was accepted of a side that was let go of";
  });
}

// ---- 6, T8: every waiting has an end
// ----------------------------------------------------------------------------------

Violations one_deadline_in_every_state(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which) -> Complaint {
    const Deadline armed = machine.deadline(world.session);
    const Deadline expected = expects_deadline(world);
    if (armed == expected) return {};
    return fmt::format("the deadline is {}, expected {}", name(armed), name(expected));
  });
}

Violations a_deadline_ends_the_session(const Exploration& exploration) {
  const Machine& machine = exploration.machine();
  return in_every_world(exploration, [&machine](const Machine&, const World& world, Which which) -> Complaint {
    if (over(world)) return {};
    const auto step = machine.step(world.session, Event::deadline, which);
    if (!step) return "its deadline is impossible";
    if (!machine.final(step->session)) return "its deadline does not end it";
    const Deadline armed = machine.deadline(world.session);
    return machine.verdict(step->session).limit == armed ? "" : "its deadline is not named in the verdict";
  });
}

/// Limits are for peers that misbehave: from wherever a session is, peers that take what is sent, finish what they send
/// and acknowledge bring it to its end.
Violations ends_without_a_limit(const Exploration& exploration) {
  std::vector<bool> can_end(exploration.worlds().size());
  for (std::size_t index = 0; index < can_end.size(); ++index) can_end[index] = over(exploration.worlds()[index]);
  for (bool changed = true; changed;) {
    changed = false;
    for (const Transition& transition : exploration.transitions()) {
      const bool well_behaved = transition.event == Event::greeted || transition.event == Event::asked ||
                                transition.event == Event::dequeued || transition.event == Event::connected ||
                                transition.event == Event::drained || transition.event == Event::fin ||
                                transition.event == Event::acked;
      if (!well_behaved || can_end[transition.from] || !can_end[transition.to]) continue;
      can_end[transition.from] = changed = true;
    }
  }
  Violations found;
  for (std::size_t index = 0; index < can_end.size(); ++index)
    if (!can_end[index]) found.push_back("only a limit or a stop can end it\n" + exploration.transcript(index));
  return found;
}

// ---- 7: blind to the role
// ----------------------------------------------------------------------------------------------

Violations swapping_commutes(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const Session& session = world.session;
    const Session mirror = swapped(session);
    const Which mirrored = other(which);
    if (machine.reads(session, which) != machine.reads(mirror, mirrored)) return "reads() depends on the role";
    if (machine.discards(session, which) != machine.discards(mirror, mirrored)) return "discards() depends on the role";
    if (machine.lingers(session, which) != machine.lingers(mirror, mirrored)) return "lingers() depends on the role";
    if (machine.awaits_ack(session, which) != machine.awaits_ack(mirror, mirrored))
      return "awaits_ack() depends on the role";
    if (machine.deadline(session) != machine.deadline(mirror)) return "deadline() depends on the role";
    for (const Event event : kEvents) {
      const auto step = machine.step(session, event, which);
      const auto mirror_step = machine.step(mirror, event, mirrored);
      if (step.has_value() != mirror_step.has_value())
        return fmt::format("{} is possible for one role only", name(event));
      if (!step) continue;
      const bool same_actions =
          step->action(which) == mirror_step->action(mirrored) && step->action(mirrored) == mirror_step->action(which);
      if (!same_actions || !(swapped(step->session) == mirror_step->session))
        return fmt::format("{} has another effect for the other role", name(event));
    }
    return {};
  });
}

Violations session_wide_events_ignore_the_side(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    for (const Event event : {Event::deadline, Event::stop, Event::abort, Event::abandon}) {
      const auto here = machine.step(world.session, event, which);
      const auto there = machine.step(world.session, event, other(which));
      const bool same = here.has_value() == there.has_value() &&
                        (!here || (here->session == there->session && here->actions == there->actions));
      if (!same) return fmt::format("{} depends on the side", name(event));
    }
    return {};
  });
}

Violations step_is_deterministic(const Exploration& exploration) {
  Violations found;
  for (const Transition& transition : exploration.transitions()) {
    const Session& before = exploration.worlds()[transition.from].session;
    const auto again = exploration.machine().step(before, transition.event, transition.side);
    if (!again || !(again->session == transition.step.session) || again->actions != transition.step.actions)
      found.push_back("the same event in the same state had another effect\n" + exploration.transcript(transition));
  }
  return found;
}

// ---- 8, T11: verdicts
// ---------------------------------------------------------------------------------------------------

Violations complete_is_earned(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which) -> Complaint {
    if (!over(world)) return {};
    const bool earned = std::ranges::all_of(world.peers, [](const Peer& peer) {
      return peer.ended == Ended::fin && peer.fin_sent && peer.fin_acked && !peer.refused && !failed(peer);
    });
    const bool claimed = machine.verdict(world.session).complete;
    if (claimed == earned) return {};
    return claimed ? "the session is called complete and is not" : "the session is complete and not called so";
  });
}

Violations verdict_tells_what_happened(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    if (!over(world)) return {};
    const Verdict verdict = machine.verdict(world.session);
    const Peer& peer = world.peer(which);
    if (failed(peer) && verdict.end(which) == End::fin) return "it failed, and the verdict says fin";
    if (verdict.end(which) != peer.end)
      return fmt::format("the verdict says {}, expected {}", name(verdict.end(which)), name(*peer.end));
    if (verdict.limit != world.limit)
      return fmt::format("the verdict's limit is {}, expected {}", name(verdict.limit), name(world.limit));
    return {};
  });
}

Violations verdict_names_what_came_first(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which) -> Complaint {
    if (!over(world)) return {};
    const Verdict verdict = machine.verdict(world.session);
    if (verdict.first == world.first && verdict.first_side == world.first_side) return {};
    return fmt::format("the verdict says that {} {} came first, it was {} {}", name(verdict.first_side),
                       name(verdict.first), name(world.first_side), name(world.first));
  });
}

// ---- the machine as a whole
// -------------------------------------------------------------------------------------------

/// What would follow from the state alone has followed: drawing the consequences a second time changes nothing.
Violations consequences_are_drawn(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine&, const World& world, Which which) -> Complaint {
    const Side& self = world.session.side(which);
    const Side& from = world.session.side(other(which));
    if (self.hold != Hold::held) return from.pending ? "it is gone and bytes wait for it" : "";
    const bool from_failed =
        from.input == Input::reset || from.input == Input::vanished || from.input == Input::aborted;
    if (self.output == Output::broken && from.pending) return "it is broken and bytes wait for it";
    const bool not_there = self.output == Output::untried || self.output == Output::unasked ||
                           self.output == Output::queued || self.output == Output::connecting;
    if (not_there && from_failed) return "it is being connected for a failed client";
    if (self.output == Output::open && from.input == Input::fin && !from.pending) return "its FIN is due";
    if (self.input == Input::fin && self.output == Output::fin_acked) return "it is finished and still held";
    if (self.input != Input::open && self.output == Output::broken) return "it is dead and still held";
    return {};
  });
}

/// What the kernel may report is never impossible; the driver asserts on impossible events.
Violations whatever_a_kernel_says_is_possible(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const Peer& self = world.peer(which);
    const Peer& sink = world.peer(other(which));
    const auto needs = [&](bool may_happen, Event event) -> Complaint {
      if (!may_happen || machine.step(world.session, event, which)) return {};
      return fmt::format("{} is impossible although it may happen", name(event));
    };
    const bool open = held(self) && self.connected && self.ended == Ended::no;
    const bool sink_is_there = sink.connected || takes_nothing(sink);
    std::string all;
    all += needs(held(self) && !sink.tried, Event::greeted);
    all += needs(held(self) && !sink.tried, Event::rejected);
    all += needs(held(self) && self.unasked, Event::asked);
    const bool not_there = held(self) && self.tried && !self.unasked && !self.connected;
    all += needs(not_there && !self.queued, Event::held_back);
    all += needs(not_there && !self.queued, Event::queued);
    all += needs(not_there && self.queued, Event::dequeued);
    all += needs(not_there && !self.queued, Event::connected);
    all += needs(not_there, Event::connect_failed);
    all += needs(expects_reads(world, which) && !takes_nothing(sink), Event::pending);
    all += needs(self.waiting, Event::drained);
    all += needs(open && (sink_is_there || (held(sink) && sink.unasked)), Event::fin);
    const bool sink_may_answer = held(sink) && sink.connected && sink.ended == Ended::no;
    all += needs(open && sink_is_there && sink_may_answer, Event::fin_aborts);
    all += needs(open, Event::reset);
    all += needs(open, Event::vanished);
    // An error shows on a socket whatever was sent on it so far.
    const bool may_fail = held(self) && self.connected && !takes_nothing(self) && sink_is_there;
    all += needs(may_fail, Event::refused);
    all += needs(may_fail, Event::broke);
    all += needs(may_fail, Event::lost);
    all += needs(expects_ack(world, which), Event::acked);
    all += needs(!over(world), Event::deadline);
    all += needs(!over(world), Event::abort);
    all += needs(!over(world), Event::abandon);
    all += needs(!over(world) && !world.stopping, Event::stop);
    return all;
  });
}

constexpr std::array kMachineProperties{
    Property{"P5_ClosedOnce", closed_once},
    Property{"P5_LetGoOfAsTold", let_go_of_as_told},
    Property{"P5_NothingAfterTheEnd", nothing_after_the_end},
    Property{"P6_T8_OneDeadlineInEveryState", one_deadline_in_every_state},
    Property{"P6_T8_ADeadlineEndsTheSession", a_deadline_ends_the_session},
    Property{"T8_EndsWithoutALimitWherePeersBehave", ends_without_a_limit},
    Property{"P7_SwappingCommutes", swapping_commutes},
    Property{"P7_SessionWideEventsIgnoreTheSide", session_wide_events_ignore_the_side},
    Property{"StepIsDeterministic", step_is_deterministic},
    Property{"P8_T11_CompleteIsEarned", complete_is_earned},
    Property{"P8_T11_VerdictTellsWhatHappened", verdict_tells_what_happened},
    Property{"T11_VerdictNamesWhatCameFirst", verdict_names_what_came_first},
    Property{"ConsequencesAreDrawn", consequences_are_drawn},
    Property{"WhateverAKernelSaysIsPossible", whatever_a_kernel_says_is_possible},
};

}  // namespace

std::span<const Property> machine_properties() { return kMachineProperties; }

}  // namespace lastbyte::termination::test
