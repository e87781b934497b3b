// Who may come in by a forwarding: its access lists, and the limit for each client.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "net/address/address.h"
#include "relay/context/listener.h"
#include "relay/context/shared.h"

namespace lastbyte::relay {

class Counters;  // relay/terms/counters.h

enum class Admission : std::uint8_t {
  granted,
  denied,    ///< client.deny names it
  unlisted,  ///< client.allow does not
  too_many,  ///< it has max-sessions-per-client already
};

/// `client` is who the session is for: the peer, or whom its PROXY header tells of. One that is granted is counted, and
/// must be given to release_admission() in the end. One that is not let in for its address is told to the operator, now
/// and then.
Admission admit(Shared& shared, const ListenerState& listener, const net::Address& client, TimePoint now);
void release_admission(const ListenerState& listener, const net::Address& client);

/// Counts one that was not let in.
void count(Counters& counters, Admission admission);

/// Why, for the operator; "" for granted.
std::string_view reason(Admission admission);

}  // namespace lastbyte::relay
