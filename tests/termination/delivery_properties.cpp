// What each peer gets and learns: bytes, FINs, resets, lingering, stops.
#include <fmt/format.h>

#include <algorithm>

#include "tests/termination/looking.h"

namespace lastbyte::termination::test {
namespace {

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
    // An unasked side has no socket.
    if (seen.leaves_unasked(sink) || to.unasked) return {};
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
    if (!seen.action(sink).reset || seen.ours_alone()) return {};
    const Peer& source = seen.before.peer(other(sink));
    if (!seen.before.peer(sink).connected || source.unreachable || seen.is(Event::connect_failed, other(sink)))
      return {};
    // Nothing was ever sent to it.
    if (seen.is(Event::rejected, sink)) return {};
    // The operator says that nobody reads it any more.
    if (seen.is(Event::fin_aborts, sink)) return {};
    if (source.waiting) return "was reset while bytes waited for it";
    return seen.is(Event::acked, sink) ? "" : "was reset before everything sent to it was acknowledged";
  });
}

Violations reset_on_purpose_only(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which sink) -> Complaint {
    if (!seen.action(sink).reset) return {};
    if (seen.event() == Event::deadline && expects_deadline(seen.before) == Deadline::linger)
      return "was reset at the end of its lingering, where its answer may still be on the way (T6)";
    const bool has_reason = failed(seen.after.peer(other(sink))) || seen.is(Event::rejected, sink) ||
                            seen.is(Event::fin_aborts, sink) || seen.ours_alone();
    return has_reason ? "" : "was reset without a reason";
  });
}

// ---- 4, T5: refusals
// -------------------------------------------------------------------------------------------------

Violations refused_side_is_still_read(const Exploration& exploration) {
  Violations found = in_every_world(exploration, [](const Machine& machine, const World& world, Which which) {
    const bool wanted = world.peer(which).refused && expects_reads(world, which);
    return Complaint(wanted && !machine.reads(world.session, which) ? "is not read any more after it refused a write"
                                                                    : "");
  });
  const Violations released = in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const Peer& self = seen.after.peer(which);
    const bool now = held(seen.before.peer(which)) && !held(self);
    if (!now || !self.refused || self.ended != Ended::no || seen.ours_alone()) return {};
    return "was let go of after a refusal although its own flow had not ended";
  });
  found.insert(found.end(), released.begin(), released.end());
  return found;
}

Violations refusal_ends_no_open_flow(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const bool refuses = seen.is(Event::refused, which) || seen.is(Event::broke, which) || seen.is(Event::lost, which);
    if (!refuses) return {};
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

// ---- T2, T3, T6, T9, T15
// -------------------------------------------------------------------------------------------------

Violations end_of_one_flow_leaves_the_other(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    const Which answering = other(which);
    const bool carries = seen.before.peer(answering).ended == Ended::no && held(seen.before.peer(answering)) &&
                         !takes_nothing(seen.before.peer(which));
    if (!seen.is(Event::fin, which) || !carries || seen.leaves_unasked(which)) return {};
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

/// Who the client is may decide whether there is an upstream for it at all.
Violations nothing_is_tried_before_the_greeting(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (seen.before.peer(which).tried) return {};
    if (seen.is(Event::connected, which) || seen.is(Event::connect_failed, which))
      return "was tried before the other side had told who it is";
    const bool greeting = seen.is(Event::greeted, other(which));
    const bool untried = seen.after.session.side(which).output == Output::untried;
    if (held(seen.after.peer(which)) && untried == greeting) return "is not tried exactly when it is to be";
    return greeting && !seen.quiet() ? "a greeting had an effect on a socket" : "";
  });
}

/// connect-on: data. A client that leaves without a byte leaves the upstream alone, and hears a clean end.
Violations nothing_is_connected_before_a_byte_asks_for_it(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.before.peer(which).unasked || !held(seen.before.peer(which))) return {};
    if (seen.is(Event::connected, which) || seen.is(Event::connect_failed, which)) return "was connected unasked";
    if (!seen.is(Event::fin, other(which))) return {};
    const bool clean = seen.action(other(which)).close && !seen.action(other(which)).reset;
    return clean && over(seen.after) ? "" : "the other side has left, and is not let go of with a clean end";
  });
}

/// Where there is no room for it, nothing is begun.
Violations nothing_is_connected_in_the_queue(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (seen.is(Event::connected, which) && seen.before.peer(which).queued)
      return "was connected although there is no room for it";
    const bool moves = seen.is(Event::queued, which) || seen.is(Event::dequeued, which);
    return moves && !seen.quiet() ? "waiting for room had an effect on a socket" : "";
  });
}

Violations rejected_client_is_reset(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.is(Event::rejected, which)) return {};
    if (!seen.action(which).reset) return "was not reset although it is not to be served";
    return over(seen.after) ? "" : "it was rejected, and its session goes on";
  });
}

Violations aborting_fin_resets_its_side(const Exploration& exploration) {
  return in_every_transition(exploration, [](const Seen& seen, Which which) -> Complaint {
    if (!seen.is(Event::fin_aborts, which)) return {};
    if (!seen.action(which).reset) return "was not reset although its FIN ends the session";
    return seen.action(other(which)).send_fin ? "its aborting FIN was passed on as a clean end" : "";
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
    if (peer.ended != Ended::no || peer.unreachable || peer.unasked) return {};
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
    if (seen.event() != Event::abort && seen.event() != Event::abandon) return {};
    if (!held(seen.before.peer(which))) return {};
    if (!seen.action(which).reset) return fmt::format("was not reset by {}", name(seen.event()));
    return seen.action(which).send_fin ? fmt::format("was sent a false FIN by {}", name(seen.event())) : "";
  });
}

constexpr std::array kDeliveryProperties{
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
    Property{"T2_EndOfOneFlowLeavesTheOther", end_of_one_flow_leaves_the_other},
    Property{"T3_FailedClientCancelsTheAttempt", failed_client_cancels_the_attempt},
    Property{"T3_NothingIsTriedBeforeTheGreeting", nothing_is_tried_before_the_greeting},
    Property{"T3_NothingIsConnectedBeforeAByteAsksForIt", nothing_is_connected_before_a_byte_asks_for_it},
    Property{"T8_NothingIsConnectedInTheQueue", nothing_is_connected_in_the_queue},
    Property{"T3_RejectedClientIsReset", rejected_client_is_reset},
    Property{"T7_AnAbortingFinResetsItsSide", aborting_fin_resets_its_side},
    Property{"T3_UnreachableUpstreamResetsTheClient", unreachable_upstream_resets_the_client},
    Property{"T3_NothingIsLostBeforeTheConnect", nothing_is_lost_before_the_connect},
    Property{"T6_LingersBeforeItIsClosed", lingers_before_it_is_closed},
    Property{"T6_LingersWhereNothingIsWanted", lingers_where_nothing_is_wanted},
    Property{"T6_LingeringBeginsOnce", lingering_begins_once},
    Property{"T9_ReadsOnlyWhatCanGoOn", reads_only_what_can_go_on},
    Property{"T11_AcknowledgementsAreAskedFor", acknowledgements_are_asked_for},
    Property{"T15_StopLetsSessionsFinish", stop_lets_sessions_finish},
    Property{"T15_AbortResetsTheRest", abort_resets_the_rest},
};

}  // namespace

std::span<const Property> delivery_properties() { return kDeliveryProperties; }

}  // namespace lastbyte::termination::test
