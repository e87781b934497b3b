// What one session has of the process's room for descriptors in flight (relay/context/in_flight.h): those that were
// sent to a UNIX side and that its peer has not received yet (T12, T14).
//
// How many a message carries is known only once it was received, so room is reserved for the most that it may carry.
#pragma once

#include <array>
#include <cstddef>

#include "base/time.h"
#include "relay/context/in_flight.h"
#include "relay/side/side.h"

namespace lastbyte::relay {

class Share {
 public:
  /// `sides`: the session's, the client first, for whose user descriptors are counted, whichever way they go: the
  /// client chose to be there. `waits`: set while descriptors are ahead and as many are in flight as may be.
  Share(InFlight& all, std::array<Side, 2>& sides, bool& waits, TimePoint now)
      : all_(all), sides_(sides), waits_(waits), now_(now) {}

  /// Reserves room for one message to `sink`. False: the flow waits.
  bool reserve(Side& sink);
  /// Descriptors that were reserved or sent and are not on their way to `sink`.
  void give_back(Side& sink, std::size_t count);
  /// Gives back all that `sink` has received, if it has received everything.
  void look(Side& sink);
  /// The socket of `sink` is about to be closed, and nobody sees any more what its peer receives.
  void forget(Side& sink);

 private:
  uid_t user();

  InFlight& all_;
  std::array<Side, 2>& sides_;
  bool& waits_;
  TimePoint now_;
};

}  // namespace lastbyte::relay
