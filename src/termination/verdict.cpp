#include "termination/verdict.h"

namespace lastbyte::termination {
namespace {

End end_of(const Session& session, Which which) {
  const Side& side = session.side(which);
  // What the peer did outranks what we did about it. A reset may be known before it is read, because unread bytes
  // precede it.
  if (side.input == Input::reset) return End::reset;
  if (side.input == Input::aborted) return End::aborted;
  const bool reset_first = session.first == First::reset && session.first_side == which;
  if (side.input == Input::open && side.output == Output::broken && reset_first) return End::reset;
  if (side.output == Output::lost) return End::vanished;
  if (side.output == Output::untried || side.output == Output::unasked) return End::untried;
  switch (side.hold) {
    case Hold::unreachable: return End::unreachable;
    case Hold::passed_on: return End::passed_on;
    case Hold::rejected: return End::rejected;
    case Hold::aborted: return End::aborted;
    case Hold::limit: return End::limit;
    case Hold::stopped: return End::stopped;
    case Hold::abandoned: return End::abandoned;
    case Hold::held:
    case Hold::done: break;
  }
  if (side.input == Input::open) return End::left;
  return side.output == Output::broken ? End::refused : End::fin;
}

}  // namespace

Verdict verdict(const Session& session) {
  Verdict verdict;
  bool acked = true;
  for (const Which which : {Which::client, Which::upstream}) {
    verdict.ends[static_cast<std::size_t>(which)] = end_of(session, which);
    acked = acked && session.side(which).output == Output::fin_acked;
  }
  verdict.complete = acked && verdict.end(Which::client) == End::fin && verdict.end(Which::upstream) == End::fin;
  verdict.limit = session.limit;
  verdict.first = session.first;
  verdict.first_side = session.first_side;
  return verdict;
}

}  // namespace lastbyte::termination
