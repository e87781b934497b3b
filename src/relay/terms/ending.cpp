#include "relay/terms/ending.h"

namespace lastbyte::relay {
namespace {

using termination::End;
using termination::First;
using termination::Verdict;
using termination::Which;

/// How much an end says about the cause. A side that we reset because of the other one explains nothing.
int weight(End end) {
  switch (end) {
    case End::fin: return 0;
    case End::untried:
    case End::passed_on: return 1;
    case End::left: return 2;
    case End::refused: return 3;
    case End::aborted:
    case End::stopped: return 4;
    case End::limit: return 5;
    case End::vanished: return 6;
    case End::reset: return 7;
    case End::unreachable: return 8;
    case End::rejected: return 9;
    case End::abandoned: return 10;
  }
  return 0;
}

Ending by(Which side, Ending client, Ending upstream) { return side == Which::client ? client : upstream; }

Ending ending_of(const Verdict& verdict) {
  if (verdict.complete) return Ending::complete;
  const Which side = culprit(verdict);
  if (verdict.end(side) == End::untried && verdict.end(Which::client) == End::fin) return Ending::complete;
  switch (verdict.end(side)) {
    case End::reset: return by(side, Ending::reset_by_client, Ending::reset_by_upstream);
    case End::refused: return by(side, Ending::refused_by_client, Ending::refused_by_upstream);
    case End::vanished: return by(side, Ending::client_vanished, Ending::upstream_vanished);
    case End::unreachable: return Ending::unreachable;
    case End::rejected: return Ending::rejected;
    case End::limit: return Ending::limit;
    case End::stopped: return Ending::stopped;
    case End::fin:
    case End::untried:
    case End::aborted:
    case End::passed_on:
    case End::abandoned:
    case End::left: break;
  }
  return Ending::other;
}

Ending ending_of(DatagramEnd end) {
  switch (end) {
    case DatagramEnd::idle:
    case DatagramEnd::superseded:
    case DatagramEnd::drained: return Ending::complete;
    case DatagramEnd::failed: return Ending::unreachable;
    case DatagramEnd::evicted: return Ending::limit;
    case DatagramEnd::stopped: return Ending::stopped;
  }
  return Ending::other;
}

}  // namespace

Which culprit(const Verdict& verdict) {
  switch (verdict.first) {
    case First::reset:
    case First::vanished:
    case First::refused:
    case First::unreachable:
    case First::rejected: return verdict.first_side;
    case First::none:
    case First::fin:
    case First::limit:
    case First::stop:
    case First::abandoned: break;
  }
  return weight(verdict.end(Which::upstream)) > weight(verdict.end(Which::client)) ? Which::upstream : Which::client;
}

Ending ending_of(const Record& record) {
  const DatagramRecord* datagrams = record.datagrams();
  return datagrams != nullptr ? ending_of(datagrams->end) : ending_of(record.stream().verdict);
}

bool is_empty(const Record& record) {
  if (record.datagrams() != nullptr) return false;
  const StreamRecord& stream = record.stream();
  if (stream.flow(Which::client).received != 0 || stream.flow(Which::upstream).delivered != 0) return false;
  const Ending ending = ending_of(record);
  return ending == Ending::complete || ending == Ending::reset_by_client;
}

}  // namespace lastbyte::relay
