#include "properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace lastbyte::termination::test {
namespace {

/// One transition with what the observer knew before and knows after.
struct Seen {
  const Exploration& exploration;
  const Transition& transition;
  const World& before;
  const World& after;

  [[nodiscard]] Event event() const { return transition.event; }
  [[nodiscard]] bool is(Event event, Which side) const {
    return transition.event == event && (session_wide(event) || transition.side == side);
  }
  [[nodiscard]] const Actions& action(Which which) const { return transition.step.action(which); }
  [[nodiscard]] bool quiet() const { return transition.step.actions == std::array<Actions, 2>{}; }
  [[nodiscard]] bool by_limit_or_stop() const { return event() == Event::deadline || event() == Event::abort; }
};

/// Empty: all is well. Otherwise what is wrong, as a sentence.
using Complaint = std::string;

Violations in_every_transition(const Exploration& exploration,
                               const std::function<Complaint(const Seen&, Which)>& look) {
  Violations found;
  for (const Transition& transition : exploration.transitions()) {
    const Seen seen{exploration, transition, exploration.worlds()[transition.from],
                    exploration.worlds()[transition.to]};
    for (const Which which : kBoth) {
      if (const Complaint complaint = look(seen, which); !complaint.empty())
        found.push_back(fmt::format("{}: {}\n{}", name(which), complaint, exploration.transcript(transition)));
    }
  }
  return found;
}

Violations in_every_world(const Exploration& exploration,
                          const std::function<Complaint(const Machine&, const World&, Which)>& look) {
  Violations found;
  for (std::size_t index = 0; index < exploration.worlds().size(); ++index) {
    for (const Which which : kBoth) {
      const Complaint complaint = look(exploration.machine(), exploration.worlds()[index], which);
      if (!complaint.empty())
        found.push_back(fmt::format("{}: {}\n{}", name(which), complaint, exploration.transcript(index)));
    }
  }
  return found;
}

bool held(const Peer& peer) { return peer.gone == Gone::no; }

// ---- 1: FIN follows data --------------------------------------------------------------------------------------------

Violations no_fin_without_the_sources_fin(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    if (!seen.action(sink).send_fin) return {};
    if (seen.after.peer(other(sink)).ended != Ended::fin) return "was sent a FIN although its source sent none";
    if (!seen.before.peer(sink).connected) return "was sent a FIN before it was connected";
    return {};
  });
}

Violations no_fin_ahead_of_bytes(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    const Peer& source = seen.before.peer(other(sink));
    const bool waiting = source.waiting && !seen.is(Event::drained, other(sink));
    return seen.action(sink).send_fin && waiting ? "was sent a FIN ahead of bytes that waited for it" : "";
  });
}

Violations one_fin_at_most(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    return seen.action(sink).send_fin && seen.before.peer(sink).fin_sent ? "was sent a second FIN" : "";
  });
}

/// T1's other half: the FIN does follow, in the very step in which it may.
Violations fin_does_follow(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine&, const World& world, Which sink) -> Complaint {
    const Peer& source = world.peer(other(sink));
    const Peer& to = world.peer(sink);
    const bool due = source.ended == Ended::fin && !source.waiting && to.connected && !takes_nothing(to);
    return due && !to.fin_sent ? "was not sent the FIN that is due" : "";
  });
}

// ---- 2: failures stay failures --------------------------------------------------------------------------------------

Violations failure_is_never_a_clean_end(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    if (seen.action(sink).send_fin && failed(seen.after.peer(other(sink)))) return "was sent a FIN for a failed source";
    const Peer& to = seen.after.peer(sink);
    // A socket that is broken already has told its peer, or has no peer.
    const bool can_be_told = !to.refused && !failed(to);
    if (seen.action(sink).close && can_be_told && !to.fin_sent) return "was closed as if its source had ended well";
    return {};
  });
}

// ---- 3, T7: resets
// ---------------------------------------------------------------------------------------------------

Violations no_reset_ahead_of_bytes(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    if (!seen.action(sink).reset || seen.by_limit_or_stop()) return {};
    const Peer& source = seen.before.peer(other(sink));
    if (!seen.before.peer(sink).connected || source.unreachable || seen.is(Event::connect_failed, other(sink)))
      return {};
    if (source.waiting) return "was reset while bytes waited for it";
    return seen.is(Event::acked, sink) ? "" : "was reset before everything sent to it was acknowledged";
  });
}

Violations reset_on_purpose_only(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    if (!seen.action(sink).reset) return {};
    if (seen.event() == Event::deadline && expects_deadline(seen.before) == Deadline::linger)
      return "was reset at the end of its lingering, where its answer may still be on the way (T6)";
    return failed(seen.after.peer(other(sink))) || seen.by_limit_or_stop() ? "" : "was reset without a reason";
  });
}

// ---- 4, T5: refusals
// -------------------------------------------------------------------------------------------------

Violations refused_side_is_still_read(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const Peer& self = world.peer(which);
    if (!self.refused || self.ended != Ended::no) return {};
    if (!held(self)) {
      const bool bound_passed = self.end == End::limit || self.end == End::stopped;
      return bound_passed ? "" : "was let go of after a refusal although its own flow had not ended";
    }
    const bool wanted = expects_reads(world, which);
    return wanted && !machine.reads(world.session, which) ? "is not read any more after it refused a write" : "";
  });
}

Violations refusal_ends_no_open_flow(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.is(Event::refused, which)) return {};
    if (seen.before.peer(which).ended != Ended::no) return {};
    for (const Which side : kBoth) {
      if (seen.action(side).close || seen.action(side).reset)
        return fmt::format("its refusal made the {} be let go of", name(side));
    }
    return {};
  });
}

Violations what_a_refused_side_said_is_kept(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine&, const World& world, Which which) -> Complaint {
    const bool kept = world.session.side(which).pending;
    const bool waiting = world.peer(which).waiting;
    if (kept == waiting) return {};
    return waiting ? "bytes of it that the other side still takes were given up"
                   : "bytes of it are kept although nothing takes them";
  });
}

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
      const bool well_behaved = transition.event == Event::connected || transition.event == Event::drained ||
                                transition.event == Event::fin || transition.event == Event::acked;
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
    for (const Event event : {Event::deadline, Event::stop, Event::abort}) {
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

// ---- T2, T3, T6, T9, T15
// -------------------------------------------------------------------------------------------------

Violations end_of_one_flow_leaves_the_other(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const Which answering = other(which);
    const bool carries = seen.before.peer(answering).ended == Ended::no && held(seen.before.peer(answering)) &&
                         !takes_nothing(seen.before.peer(which));
    if (!seen.is(Event::fin, which) || !carries) return {};
    for (const Which side : kBoth) {
      if (seen.action(side).close || seen.action(side).reset)
        return fmt::format("its FIN made the {} be let go of", name(side));
    }
    const Machine& machine = seen.exploration.machine();
    const bool same = machine.reads(seen.before.session, answering) == machine.reads(seen.after.session, answering) &&
                      machine.discards(seen.after.session, answering) == takes_nothing(seen.before.peer(which));
    return same ? "" : "its FIN changed the flow towards it";
  });
}

Violations failed_client_cancels_the_attempt(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const bool ended = seen.is(Event::reset, which) || seen.is(Event::vanished, which);
    if (!ended || seen.before.peer(other(which)).connected) return {};
    return over(seen.after) ? "" : "it failed, and the connection attempt for it goes on";
  });
}

Violations unreachable_upstream_resets_the_client(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.is(Event::connect_failed, other(which))) return {};
    return seen.action(which).reset ? "" : "was not reset although its upstream cannot be reached";
  });
}

Violations nothing_is_lost_before_the_connect(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const Peer& sink = world.peer(other(which));
    if (sink.connected || takes_nothing(sink)) return {};
    return machine.reads(world.session, which) ? "is read before there is anywhere to bring its bytes" : "";
  });
}

Violations lingers_before_it_is_closed(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.action(which).close) return {};
    const Peer& peer = seen.after.peer(which);
    if (peer.ended != Ended::no || peer.unreachable) return {};
    const bool bound_passed = seen.before.peer(which).lingering && seen.event() == Event::deadline;
    if (bound_passed || (!seen.before.session.linger && peer.fin_sent)) return {};
    return "was closed while its peer might still be sending";
  });
}

Violations lingers_where_nothing_is_wanted(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const Peer& peer = world.peer(which);
    const bool over_for_it = held(peer) && peer.ended == Ended::no && (peer.fin_sent || peer.refused) &&
                             takes_nothing(world.peer(other(which)));
    if (machine.lingers(world.session, which) != over_for_it) return "lingers() is wrong";
    if (over_for_it && !peer.lingering) return "it lingers, and no action said so";
    if (over_for_it && !world.session.linger && !peer.refused) return "it lingers although lingering is off";
    return {};
  });
}

Violations lingering_begins_once(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.action(which).linger) return {};
    return seen.before.peer(which).lingering ? "was told to linger twice, so that its time would begin anew" : "";
  });
}

Violations reads_only_what_can_go_on(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const bool reads = machine.reads(world.session, which);
    if (reads && world.peer(which).waiting) return "is read while bytes of it wait for the other side";
    if (reads != expects_reads(world, which)) return reads ? "is read without need" : "is not read";
    if (held(world.peer(which)) && machine.discards(world.session, which) != takes_nothing(world.peer(other(which))))
      return "discards() is wrong";
    return {};
  });
}

Violations acknowledgements_are_asked_for(const Exploration& exploration) {
  return in_every_world(exploration, [](const Machine& machine, const World& world, Which which) -> Complaint {
    const bool asked = machine.awaits_ack(world.session, which);
    if (asked != expects_ack(world, which)) return "awaits_ack() is wrong";
    if (asked && !machine.step(world.session, Event::acked, which)) return "acked is impossible where it is asked for";
    return {};
  });
}

Violations stop_lets_sessions_finish(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which) -> Complaint {
    if (seen.event() != Event::stop) return {};
    if (!seen.quiet()) return "a stop had an effect at once";
    const bool ends_by_drain = seen.exploration.machine().deadline(seen.before.session) != Deadline::idle ||
                               seen.exploration.machine().deadline(seen.after.session) == Deadline::drain;
    return ends_by_drain ? "" : "a stop did not arm the drain deadline";
  });
}

Violations abort_resets_the_rest(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (seen.event() != Event::abort || !held(seen.before.peer(which))) return {};
    if (!seen.action(which).reset) return "was not reset by an abort";
    return seen.action(which).send_fin ? "was sent a false FIN by an abort" : "";
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
    const bool from_failed = from.input == Input::reset || from.input == Input::vanished;
    if (self.output == Output::broken && from.pending) return "it is broken and bytes wait for it";
    if (self.output == Output::connecting && from_failed) return "it is being connected for a failed client";
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
    all += needs(held(self) && !self.connected, Event::connected);
    all += needs(held(self) && !self.connected, Event::connect_failed);
    all += needs(expects_reads(world, which) && !takes_nothing(sink), Event::pending);
    all += needs(self.waiting, Event::drained);
    all += needs(open && sink_is_there, Event::fin);
    all += needs(open, Event::reset);
    all += needs(open, Event::vanished);
    // An error shows on a socket whatever was sent on it so far.
    all += needs(held(self) && self.connected && !takes_nothing(self) && sink_is_there, Event::refused);
    all += needs(expects_ack(world, which), Event::acked);
    all += needs(!over(world), Event::deadline);
    all += needs(!over(world), Event::abort);
    all += needs(!over(world) && !world.stopping, Event::stop);
    return all;
  });
}

constexpr std::array kProperties{
    Property{"P1_T1_NoFinWithoutTheSourcesFin", no_fin_without_the_sources_fin},
    Property{"P1_T1_NoFinAheadOfBytes", no_fin_ahead_of_bytes},
    Property{"P1_T1_OneFinAtMost", one_fin_at_most},
    Property{"T1_TheFinDoesFollow", fin_does_follow},
    Property{"P2_T4_FailureIsNeverACleanEnd", failure_is_never_a_clean_end},
    Property{"P3_T4_NoResetAheadOfBytes", no_reset_ahead_of_bytes},
    Property{"T7_ResetOnPurposeOnly", reset_on_purpose_only},
    Property{"P4_T5_RefusedSideIsStillRead", refused_side_is_still_read},
    Property{"T5_RefusalEndsNoOpenFlow", refusal_ends_no_open_flow},
    Property{"T5_WhatARefusedSideSaidIsKept", what_a_refused_side_said_is_kept},
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
    Property{"T2_EndOfOneFlowLeavesTheOther", end_of_one_flow_leaves_the_other},
    Property{"T3_FailedClientCancelsTheAttempt", failed_client_cancels_the_attempt},
    Property{"T3_UnreachableUpstreamResetsTheClient", unreachable_upstream_resets_the_client},
    Property{"T3_NothingIsLostBeforeTheConnect", nothing_is_lost_before_the_connect},
    Property{"T6_LingersBeforeItIsClosed", lingers_before_it_is_closed},
    Property{"T6_LingersWhereNothingIsWanted", lingers_where_nothing_is_wanted},
    Property{"T6_LingeringBeginsOnce", lingering_begins_once},
    Property{"T9_ReadsOnlyWhatCanGoOn", reads_only_what_can_go_on},
    Property{"T11_AcknowledgementsAreAskedFor", acknowledgements_are_asked_for},
    Property{"T15_StopLetsSessionsFinish", stop_lets_sessions_finish},
    Property{"T15_AbortResetsTheRest", abort_resets_the_rest},
    Property{"ConsequencesAreDrawn", consequences_are_drawn},
    Property{"WhateverAKernelSaysIsPossible", whatever_a_kernel_says_is_possible},
};

}  // namespace

std::span<const Property> properties() { return kProperties; }

}  // namespace lastbyte::termination::test
