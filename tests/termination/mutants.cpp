#include "tests/termination/mutants.h"

#include <memory>
#include <vector>

#include "tests/termination/mutating.h"

namespace lastbyte::termination::test {
namespace {

template <Event kFailure>
Machine presented_as_fin() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    const bool fin_is_possible = step(session, Event::fin, which).has_value();
    return step(session, event == kFailure && fin_is_possible ? Event::fin : event, which);
  });
}

Machine fin_ahead_of_bytes() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    if (event != Event::fin || !session.side(which).pending) return step(session, event, which);
    Session flushed = session;
    flushed.side(which).pending = false;
    MaybeStep result = step(flushed, event, which);
    if (result) result->session.side(which).pending = true;
    return result;
  });
}

Machine limit_without_effect() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    if (event == Event::deadline && !final(session)) return Step{session, {}};
    return step(session, event, which);
  });
}

Machine write_failure_closes_both_sides() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::refused)
      for (const Which side : kBoth) release(*result, side, Hold::done);
    return result;
  });
}

/// A write took the error; the read after it returns 0, and is believed (T10).
Machine error_not_latched() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    const bool was_refused = session.side(which).output == Output::broken;
    return step(session, event == Event::reset && was_refused ? Event::fin : event, which);
  });
}

Machine fin_forgotten() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result)
      for (const Which side : kBoth) result->action(side).send_fin = false;
    return result;
  });
}

Machine fin_sent_twice() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::acked && session.side(which).output == Output::fin_sent)
      result->action(which).send_fin = true;
    return result;
  });
}

Machine fin_on_a_whim() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::drained && held(session, other(which))) result->action(other(which)).send_fin = true;
    return result;
  });
}

Machine reset_not_held_back() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::reset && result->session.side(other(which)).output == Output::open)
      release(*result, other(which), Hold::passed_on);
    return result;
  });
}

Machine reset_ahead_of_bytes() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    if (event != Event::acked) return step(session, event, which);
    Session flushed = session;
    flushed.side(other(which)).pending = false;
    return step(flushed, event, which);
  });
}

Machine normal_end_by_reset() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (!result || event != Event::acked) return result;
    Actions& actions = result->action(which);
    if (actions.close) actions = {.reset = true};
    return result;
  });
}

Machine linger_ends_by_reset() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (!result || event != Event::deadline || deadline(session) != Deadline::linger) return result;
    for (const Which side : kBoth)
      if (result->action(side).close) result->action(side) = {.reset = true};
    return result;
  });
}

/// Who vanishes after its FIN is told as one that hung up (T8, T11).
Machine vanished_told_as_refused() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    return step(session, event == Event::lost ? Event::refused : event, which);
  });
}

Machine vanished_undoes_its_fin() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::lost && session.side(which).input == Input::fin)
      release(*result, other(which), Hold::passed_on);
    return result;
  });
}

Machine refused_side_not_read() {
  Machine machine;
  machine.reads = [](const Session& session, Which which) {
    return session.side(which).output != Output::broken && reads(session, which);
  };
  return machine;
}

Machine refused_answer_thrown_away() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::refused) result->session.side(which).pending = false;
    return result;
  });
}

Machine closed_twice() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::acked && final(result->session)) {
      for (const Which side : kBoth) result->action(side).close = true;
    }
    return result;
  });
}

Machine events_after_the_end() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    if (event == Event::acked && final(session)) return Step{session, {}};
    return step(session, event, which);
  });
}

Machine leaked_descriptor() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::refused) result->action(which).close = false;
    return result;
  });
}

Machine no_linger_deadline() {
  Machine machine;
  machine.deadline = [](const Session& session) {
    const Deadline armed = deadline(session);
    return armed == Deadline::linger ? Deadline::none : armed;
  };
  return machine;
}

Machine limit_not_named() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result) result->session.limit = Deadline::none;
    return result;
  });
}

Machine acknowledgement_missed() {
  Machine machine;
  machine.awaits_ack = [](const Session& session, Which which) {
    return session.side(which).output != Output::fin_sent && awaits_ack(session, which);
  };
  machine.step = [](const Session& session, Event event, Which which) -> MaybeStep {
    if (event == Event::acked && session.side(which).output == Output::fin_sent) return std::nullopt;
    return step(session, event, which);
  };
  return machine;
}

Machine knows_the_client() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session altered = session;
    altered.linger = session.linger && which == Which::client;
    MaybeStep result = step(altered, event, which);
    if (result) result->session.linger = session.linger;
    return result;
  });
}

Machine moody() {
  Machine machine;
  machine.step = [calls = std::make_shared<unsigned>(0)](const Session& session, Event event,
                                                         Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::stop && ++*calls > 1) result->session.draining = false;
    return result;
  };
  return machine;
}

Machine stop_of_one_side() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::abort && which == Which::upstream && held(session, Which::client))
      result->action(Which::client).send_fin = true;
    return result;
  });
}

Machine complete_without_acknowledgement() {
  Machine machine;
  machine.verdict = [](const Session& session) {
    Verdict result = verdict(session);
    result.complete =
        session.side(Which::client).input == Input::fin && session.side(Which::upstream).input == Input::fin;
    return result;
  };
  return machine;
}

Machine verdict_flatters_the_failed() {
  Machine machine;
  machine.verdict = [](const Session& session) {
    Verdict result = verdict(session);
    for (End& end : result.ends)
      if (end == End::reset) end = End::fin;
    return result;
  };
  return machine;
}

Machine last_event_named_first() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session forgetful = session;
    forgetful.first = First::none;
    forgetful.first_side = Which::client;
    MaybeStep result = step(forgetful, event, which);
    if (result && result->session.first == First::none) {
      result->session.first = session.first;
      result->session.first_side = session.first_side;
    }
    return result;
  });
}

Machine half_close_ends_the_session() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::fin)
      for (const Which side : kBoth) release(*result, side, Hold::done);
    return result;
  });
}

Machine closes_without_lingering() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session hasty = session;
    hasty.linger = false;
    MaybeStep result = step(hasty, event, which);
    if (result) result->session.linger = session.linger;
    return result;
  });
}

Machine lingers_although_off() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session patient = session;
    patient.linger = true;
    MaybeStep result = step(patient, event, which);
    if (result) result->session.linger = session.linger;
    return result;
  });
}

Machine lingering_begins_anew() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::acked && lingers(session, which)) result->action(which).linger = true;
    return result;
  });
}

Machine reads_while_bytes_wait() {
  Machine machine;
  machine.reads = [](const Session& session, Which which) {
    Session empty = session;
    empty.side(which).pending = false;
    return reads(empty, which);
  };
  return machine;
}

Machine stop_resets_at_once() {
  return with_step([](const Session& session, Event event, Which which) {
    return step(session, event == Event::stop ? Event::abort : event, which);
  });
}

Machine abort_closes_politely() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::abort)
      for (const Which side : kBoth)
        if (result->action(side).reset) result->action(side) = {.send_fin = true, .close = true};
    return result;
  });
}

Machine abandoned_told_as_stopped() {
  return with_step([](const Session& session, Event event, Which which) {
    return step(session, event == Event::abandon ? Event::abort : event, which);
  });
}

Machine abandons_politely() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::abandon)
      for (const Which side : kBoth)
        if (result->action(side).reset) result->action(side) = {.close = true};
    return result;
  });
}

Machine consequences_half_drawn() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (!result || event != Event::acked) return result;
    for (const Which side : kBoth) {
      if (!result->action(side).close) continue;
      result->action(side).close = false;
      result->session.side(side).hold = Hold::held;
    }
    return result;
  });
}

Machine impossible_acknowledgement() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    if (event == Event::refused && session.side(which).output == Output::fin_acked) return std::nullopt;
    return step(session, event, which);
  });
}

constexpr std::array kMutants{
    // Those that property 9 of the contract asks for.
    Mutant{"ResetPresentedAsFin", "P2_T4_FailureIsNeverACleanEnd", presented_as_fin<Event::reset>},
    Mutant{"FinAheadOfPendingBytes", "P1_T1_NoFinAheadOfBytes", fin_ahead_of_bytes},
    Mutant{"LimitWithoutEffect", "P6_T8_ADeadlineEndsTheSession", limit_without_effect},
    Mutant{"WriteFailureClosesBothSides", "P4_T5_RefusedSideIsStillRead", write_failure_closes_both_sides},
    Mutant{"WriteFailureClosesBothSidesSeenAtOnce", "T5_RefusalEndsNoOpenFlow", write_failure_closes_both_sides},
    Mutant{"ErrorNotLatched", "P2_T4_FailureIsNeverACleanEnd", error_not_latched},
    // One at least for every other property.
    Mutant{"VanishedPresentedAsFin", "P2_T4_FailureIsNeverACleanEnd", presented_as_fin<Event::vanished>},
    Mutant{"AbortingFinPresentedAsFin", "P2_T4_FailureIsNeverACleanEnd", presented_as_fin<Event::fin_aborts>},
    Mutant{"AbortingFinLeavesItsSideOpen", "T7_AnAbortingFinResetsItsSide", presented_as_fin<Event::fin_aborts>},
    Mutant{"FinOnAWhim", "P1_T1_NoFinWithoutTheSourcesFin", fin_on_a_whim},
    Mutant{"FinSentTwice", "P1_T1_OneFinAtMost", fin_sent_twice},
    Mutant{"FinForgotten", "T1_TheFinDoesFollow", fin_forgotten},
    Mutant{"ResetNotHeldBack", "P3_T4_NoResetAheadOfBytes", reset_not_held_back},
    Mutant{"ResetAheadOfPendingBytes", "P3_T4_NoResetAheadOfBytes", reset_ahead_of_bytes},
    Mutant{"NormalEndByReset", "T7_ResetOnPurposeOnly", normal_end_by_reset},
    Mutant{"LingerEndsByReset", "T7_ResetOnPurposeOnly", linger_ends_by_reset},
    Mutant{"RefusedSideNotRead", "P4_T5_RefusedSideIsStillRead", refused_side_not_read},
    Mutant{"RefusedAnswerThrownAway", "T5_WhatARefusedSideSaidIsKept", refused_answer_thrown_away},
    Mutant{"ClosedTwice", "P5_ClosedOnce", closed_twice},
    Mutant{"LeakedDescriptor", "P5_LetGoOfAsTold", leaked_descriptor},
    Mutant{"EventsAfterTheEnd", "P5_NothingAfterTheEnd", events_after_the_end},
    Mutant{"NoLingerDeadline", "P6_T8_OneDeadlineInEveryState", no_linger_deadline},
    Mutant{"LimitNotNamed", "P6_T8_ADeadlineEndsTheSession", limit_not_named},
    Mutant{"AcknowledgementMissed", "T8_EndsWithoutALimitWherePeersBehave", acknowledgement_missed},
    Mutant{"AcknowledgementNotAskedFor", "T11_AcknowledgementsAreAskedFor", acknowledgement_missed},
    Mutant{"KnowsTheClient", "P7_SwappingCommutes", knows_the_client},
    Mutant{"StopOfOneSide", "P7_SessionWideEventsIgnoreTheSide", stop_of_one_side},
    Mutant{"Moody", "StepIsDeterministic", moody},
    Mutant{"CompleteWithoutAcknowledgement", "P8_T11_CompleteIsEarned", complete_without_acknowledgement},
    Mutant{"VerdictFlattersTheFailed", "P8_T11_VerdictTellsWhatHappened", verdict_flatters_the_failed},
    Mutant{"VanishedToldAsRefused", "P8_T11_VerdictTellsWhatHappened", vanished_told_as_refused},
    Mutant{"VanishedUndoesItsFin", "T7_ResetOnPurposeOnly", vanished_undoes_its_fin},
    Mutant{"LastEventNamedFirst", "T11_VerdictNamesWhatCameFirst", last_event_named_first},
    Mutant{"HalfCloseEndsTheSession", "T2_EndOfOneFlowLeavesTheOther", half_close_ends_the_session},
    Mutant{"ClosesWithoutLingering", "T6_LingersBeforeItIsClosed", closes_without_lingering},
    Mutant{"LingersAlthoughOff", "T6_LingersWhereNothingIsWanted", lingers_although_off},
    Mutant{"LingeringBeginsAnew", "T6_LingeringBeginsOnce", lingering_begins_anew},
    Mutant{"ReadsWhileBytesWait", "T9_ReadsOnlyWhatCanGoOn", reads_while_bytes_wait},
    Mutant{"StopResetsAtOnce", "T15_StopLetsSessionsFinish", stop_resets_at_once},
    Mutant{"AbortClosesPolitely", "T15_AbortResetsTheRest", abort_closes_politely},
    Mutant{"AbandonedToldAsStopped", "P8_T11_VerdictTellsWhatHappened", abandoned_told_as_stopped},
    Mutant{"AbandonsPolitely", "T15_AbortResetsTheRest", abandons_politely},
    Mutant{"ConsequencesHalfDrawn", "ConsequencesAreDrawn", consequences_half_drawn},
    Mutant{"LateErrorIsImpossible", "WhateverAKernelSaysIsPossible", impossible_acknowledgement},
};

}  // namespace

std::span<const Mutant> mutants() {
  static const std::vector<Mutant> all = [] {
    std::vector<Mutant> joined(kMutants.begin(), kMutants.end());
    const auto early = early_mutants();
    joined.insert(joined.end(), early.begin(), early.end());
    return joined;
  }();
  return all;
}

}  // namespace lastbyte::termination::test
