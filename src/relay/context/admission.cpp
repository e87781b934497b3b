#include "relay/context/admission.h"

#include <limits>
#include <string>

#include "relay/terms/counters.h"

namespace lastbyte::relay {
namespace {

Admission check(const net::AccessList& access, const net::Address& client) {
  switch (access.check(client)) {
    case net::Access::granted: return Admission::granted;
    case net::Access::denied: return Admission::denied;
    case net::Access::not_listed: return Admission::unlisted;
  }
  return Admission::granted;
}

void tell(Shared& shared, const ListenerState& listener, const net::Address& client, Admission why, TimePoint now) {
  shared.warn_limited(shared.denials, now, [&] {
    return "denied " + client.text() + " on " + *listener.name + ": " + std::string(reason(why));
  });
}

}  // namespace

Admission admit(Shared& shared, const ListenerState& listener, const net::Address& client, TimePoint now) {
  const Forwarding& forwarding = *listener.forwarding;
  if (const Admission access = check(forwarding.access, client); access != Admission::granted) {
    tell(shared, listener, client, access, now);
    return access;
  }
  if (!listener.counts_clients) return Admission::granted;
  // The limit is missing for sessions from before a reload that set one.
  const auto limit = forwarding.max_sessions_per_client.value_or(std::numeric_limits<std::uint32_t>::max());
  if (!listener.counts->clients.try_add(client, limit)) return Admission::too_many;
  return Admission::granted;
}

void release_admission(const ListenerState& listener, const net::Address& client) {
  if (listener.counts_clients) listener.counts->clients.remove(client);
}

void count(Counters& counters, const ListenerState& listener, Admission admission) {
  switch (admission) {
    case Admission::granted: return;
    case Admission::denied:
    case Admission::unlisted: counters.add(Count::denied_clients); return listener.figures->refuse(Refusal::denied);
    case Admission::too_many:
      counters.add(Count::clients_over_limit);
      return listener.figures->refuse(Refusal::over_limit);
  }
}

std::string_view reason(Admission admission) {
  switch (admission) {
    case Admission::granted: return "";
    case Admission::denied: return "client.deny names it";
    case Admission::unlisted: return "client.allow does not name it";
    case Admission::too_many: return "it has max-sessions-per-client already";
  }
  return "";
}

}  // namespace lastbyte::relay
