// Admission of clients: the access lists of a forwarding, and the limit per client.
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
  unlisted,  ///< client.allow does not name it
  too_many,  ///< it has max-sessions-per-client already
};

/// `client` is the address of the peer, or the one in its PROXY header. admit() counts a client that is granted; the
/// caller passes it to release_admission() in the end. Denied clients are reported to the operator, at a limited rate.
Admission admit(Shared& shared, const ListenerState& listener, const net::Address& client, TimePoint now);
void release_admission(const ListenerState& listener, const net::Address& client);

/// Counts a client that was not admitted, for the worker and for the forwarding.
void count(Counters& counters, const ListenerState& listener, Admission admission);

/// The reason, for the operator; "" for granted.
std::string_view reason(Admission admission);

}  // namespace lastbyte::relay
