// Mutants of what comes before the upstream is connected (T3).
#include "tests/termination/mutating.h"

namespace lastbyte::termination::test {
namespace {

Machine attempt_outlives_its_client() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    const bool connecting = session.side(other(which)).output == Output::connecting;
    if (event != Event::reset || !connecting) return step(session, event, which);
    Step result{session, {}};
    result.session.side(which).input = Input::reset;
    release(result, which, Hold::done);
    return result;
  });
}

Machine connects_before_the_greeting() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session impatient = session;
    Output& output = impatient.side(which).output;
    if (event == Event::connected && output == Output::untried) output = Output::connecting;
    return step(impatient, event, which);
  });
}

Machine connects_before_it_is_asked() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session impatient = session;
    Output& output = impatient.side(which).output;
    if (event == Event::connected && output == Output::unasked) output = Output::connecting;
    return step(impatient, event, which);
  });
}

/// A silent client would keep its session for as long as one that is being served.
Machine silence_counts_as_idle() {
  Machine machine;
  machine.deadline = [](const Session& session) {
    const Deadline armed = deadline(session);
    return armed == Deadline::first_byte ? Deadline::idle : armed;
  };
  return machine;
}

/// The upstream would be asked for a client that has left.
Machine a_client_without_a_byte_is_served() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    const bool unasked = session.side(other(which)).output == Output::unasked;
    return event == Event::fin && unasked ? step(session, Event::asked, other(which)) : step(session, event, which);
  });
}

Machine connects_in_the_queue() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    Session impatient = session;
    Output& output = impatient.side(which).output;
    if (event == Event::connected && output == Output::queued) output = Output::connecting;
    return step(impatient, event, which);
  });
}

/// It would wait for room for as long as a connection may take.
Machine queue_counts_as_connecting() {
  Machine machine;
  machine.deadline = [](const Session& session) {
    const Deadline armed = deadline(session);
    return armed == Deadline::queue ? Deadline::connect : armed;
  };
  return machine;
}

Machine rejected_presented_as_empty_answer() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::rejected) result->action(which) = {.close = true};
    return result;
  });
}

Machine rejected_is_served() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    return step(session, event == Event::rejected ? Event::greeted : event, which);
  });
}

Machine unreachable_presented_as_empty_answer() {
  return with_step([](const Session& session, Event event, Which which) -> MaybeStep {
    MaybeStep result = step(session, event, which);
    if (result && event == Event::connect_failed) result->action(other(which)) = {.close = true};
    return result;
  });
}

Machine reads_before_the_connect() {
  Machine machine;
  machine.reads = [](const Session& session, Which which) {
    Session connected = session;
    Output& output = connected.side(other(which)).output;
    if (output == Output::connecting) output = Output::open;
    return reads(connected, which);
  };
  return machine;
}

constexpr std::array kEarlyMutants{
    Mutant{"UnreachablePresentedAsEmptyAnswer", "P2_T4_FailureIsNeverACleanEnd", unreachable_presented_as_empty_answer},
    Mutant{"AttemptOutlivesItsClient", "T3_FailedClientCancelsTheAttempt", attempt_outlives_its_client},
    Mutant{"ConnectsBeforeTheGreeting", "T3_NothingIsTriedBeforeTheGreeting", connects_before_the_greeting},
    Mutant{"ConnectsBeforeItIsAsked", "T3_NothingIsConnectedBeforeAByteAsksForIt", connects_before_it_is_asked},
    Mutant{"SilenceCountsAsIdle", "P6_T8_OneDeadlineInEveryState", silence_counts_as_idle},
    Mutant{"AClientWithoutAByteIsServed", "T3_NothingIsConnectedBeforeAByteAsksForIt",
           a_client_without_a_byte_is_served},
    Mutant{"ConnectsInTheQueue", "T8_NothingIsConnectedInTheQueue", connects_in_the_queue},
    Mutant{"QueueCountsAsConnecting", "P6_T8_OneDeadlineInEveryState", queue_counts_as_connecting},
    Mutant{"RejectedPresentedAsEmptyAnswer", "T3_RejectedClientIsReset", rejected_presented_as_empty_answer},
    Mutant{"RejectedIsServed", "T3_RejectedClientIsReset", rejected_is_served},
    Mutant{"UnreachableClosesTheClient", "T3_UnreachableUpstreamResetsTheClient",
           unreachable_presented_as_empty_answer},
    Mutant{"ReadsBeforeTheConnect", "T3_NothingIsLostBeforeTheConnect", reads_before_the_connect},
};

}  // namespace

std::span<const Mutant> early_mutants() { return kEarlyMutants; }

}  // namespace lastbyte::termination::test
