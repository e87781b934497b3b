// The evidence of a session that has ended, made into its record (T11). Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

#include "net/address/address.h"
#include "relay/context/listener.h"
#include "relay/side/side.h"
#include "relay/stream/times.h"
#include "relay/terms/record.h"
#include "termination/session.h"

namespace lastbyte::relay {

struct Evidence {
  std::uint64_t id;
  const ListenerState& listener;
  const termination::Session& state;  ///< final
  Abandoned abandoned;
  const std::array<Side, 2>& sides;
  const std::array<SeenReset, 2>* resets = nullptr;  ///< of the sides; null: none was seen
  const Times& times;
  const net::Address& client;               ///< the peer, or whom its PROXY header told of
  const net::Address* upstream;             ///< where the session was connected or last tried to; null: nowhere
  std::uint32_t retries;                    ///< connection attempts after the first
  std::shared_ptr<const Tries> tries = {};  ///< null: the session has no group
  std::shared_ptr<const Introduction> introduction;  ///< null: the client told nothing and was served
};

/// `now` and `today` are the same moment.
Record record_of(const Evidence& evidence, TimePoint now, std::chrono::system_clock::time_point today);

}  // namespace lastbyte::relay
