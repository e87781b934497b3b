// What all workers have counted, and how the operator is told of it at the end.
#pragma once

#include <cstdint>
#include <string>

#include "relay/worker/worker.h"

namespace lastbyte::proxy {

struct Tally {
  std::uint64_t accepted = 0;  ///< clients
  std::uint64_t ended = 0;     ///< sessions
  std::uint64_t open = 0;      ///< sessions now
  std::uint64_t stopped = 0;   ///< sessions reset by a stop
  std::uint64_t records_dropped = 0;
  std::uint64_t denied = 0;         ///< clients, by client.allow or client.deny
  std::uint64_t over_limit = 0;     ///< clients, by max-sessions-per-client
  std::uint64_t bad_greetings = 0;  ///< clients, for their PROXY header or for want of one
  std::uint64_t accept_pauses = 0;
  std::uint64_t datagrams_dropped = 0;  ///< of sessions
  std::uint64_t datagrams_refused = 0;  ///< of clients that got no session

  void add(const relay::Counters& worker);
};

/// "12 datagrams": with an s where there is not just one.
std::string counted(std::uint64_t count, const std::string& noun);

/// "accepting paused 2 times, ..."; empty: never.
std::string pauses(const Tally& tally);

/// "turned away: 3 clients by client.allow or client.deny, ...": only what there was; empty where there was nothing.
std::string turned_away(const Tally& tally);

}  // namespace lastbyte::proxy
