// The two sides of a flow over sockets that are no sockets, and what a worker would lend it.
#pragma once

#include <array>
#include <memory>

#include "relay/stream/flow.h"
#include "tests/relay/side/fake_transport.h"

namespace lastbyte::relay {

struct Ends {
  Ends() {
    forget_fakes();
    from.ready = to.ready = {.readable = true, .writable = true};
  }

  Finding step(const Orders& orders = {.read = true}) { return flow().step(orders); }
  Flow flow() {
    return {from,   to,       {*buffer, blocks, pipes, sends},
            budget, &preface, Share(in_flight, sides, waits_for_share, TimePoint{})};
  }
  FakeSocket& source() { return fake(from); }
  FakeSocket& sink() { return fake(to); }
  /// T11, of whatever has happened so far.
  [[nodiscard]] bool accounts() const {
    return from.ledger.received ==
           (to.ledger.sent - to.ledger.preface) + from.ledger.dropped + from.ledger.discarded + from.carrier.waiting();
  }

  std::array<Side, 2> sides;
  Side& from = sides[0];
  Side& to = sides[1];
  InFlight in_flight;
  bool waits_for_share = false;
  std::unique_ptr<Block> buffer = std::make_unique<Block>();
  BlockPool blocks;
  PipePool pipes;
  SendBatch sends;
  std::size_t budget = 1U << 20U;
  Preface preface;
};

}  // namespace lastbyte::relay
