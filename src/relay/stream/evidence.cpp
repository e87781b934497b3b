#include "relay/stream/evidence.h"

#include "base/memory.h"
#include "termination/verdict.h"

namespace lastbyte::relay {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using termination::Which;

void add_bad_end(const BadEnd& end, SideRecord& side) {
  side.reset = end.reset;
  // Where memory is short the record does without.
  if (end.socket.cookie != 0)
    (void)enough_memory_for([&] { side.socket = std::make_shared<const SocketName>(end.socket); });
}

}  // namespace

Record record_of(const Evidence& evidence, TimePoint now, std::chrono::system_clock::time_point today) {
  const auto side = [&](Which which) -> const Side& { return evidence.sides[static_cast<std::size_t>(which)]; };
  Record record;
  record.id = evidence.id;
  record.forwarding = evidence.listener.name;
  record.listen = evidence.listener.listen;
  record.one_of_many = evidence.listener.forwarding->listen.count() > 1;
  record.duration = duration_cast<microseconds>(now - evidence.times.started);
  record.started = today - record.duration;
  StreamRecord& stream = record.stream();
  if (evidence.times.was_connected())
    stream.connect_duration = duration_cast<microseconds>(evidence.times.connected - evidence.times.started);
  if (evidence.times.answered != TimePoint{})
    stream.first_byte_duration = duration_cast<microseconds>(evidence.times.answered - evidence.times.started);
  if (evidence.times.closing != TimePoint{})
    stream.closing_duration = duration_cast<microseconds>(now - evidence.times.closing);
  stream.retries = evidence.retries;
  record.tries = evidence.tries;
  stream.verdict = termination::verdict(evidence.state);
  stream.abandoned = evidence.abandoned;
  for (const Which source : termination::kBoth) {
    const auto at = static_cast<std::size_t>(source);
    record.sides[at].error = side(source).error;
    if (evidence.bad_ends != nullptr) add_bad_end((*evidence.bad_ends)[at], record.sides[at]);
    stream.peers[at] = side(source).peer;
    stream.flows[at] = flow_record(side(source).ledger, side(termination::other(source)).ledger);
  }
  for (const Which which : termination::kBoth) {
    // Bytes count as rescued only if their source had refused something. After a plain reset, nothing was refused (T5).
    const bool refused = stream.flow(termination::other(which)).undelivered > 0;
    if (!refused) stream.flows[static_cast<std::size_t>(which)].rescued = 0;
  }
  record.sides[0].address = evidence.client;
  if (evidence.upstream != nullptr) record.sides[1].address = *evidence.upstream;
  stream.introduction = evidence.introduction;
  return record;
}

}  // namespace lastbyte::relay
