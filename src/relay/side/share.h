// One session's share of the process's room for descriptors in flight (relay/context/in_flight.h): those sent to a UNIX
// side that its peer has not received yet (T12, T14).
//
// The number of descriptors in a message is known only after it is received, so room is reserved for the most that it
// can carry.
#pragma once

#include <array>
#include <cstddef>

#include "base/time.h"
#include "relay/context/in_flight.h"
#include "relay/side/side.h"

namespace lastbyte::relay {

class Share {
 public:
  /// `sides`: the session's, the client first. Descriptors in both directions count for the client's user, because the
  /// client chose to be there. `waits` is set while descriptors are next in the input but too many are in flight.
  Share(InFlight& all, std::array<Side, 2>& sides, bool& waits, TimePoint now)
      : all_(all), sides_(sides), waits_(waits), now_(now) {}

  /// Reserves room for one message to `sink`. False: the flow waits.
  bool reserve(Side& sink);
  /// Returns room for descriptors that are not, or no longer, in flight to `sink`.
  void give_back(Side& sink, std::size_t count);
  /// Returns the room of `sink` if its peer has received everything.
  void look(Side& sink);
  /// Called before the socket of `sink` is closed, after which nobody can see what its peer receives.
  void forget(Side& sink);

 private:
  uid_t user();

  InFlight& all_;
  std::array<Side, 2>& sides_;
  bool& waits_;
  TimePoint now_;
};

}  // namespace lastbyte::relay
