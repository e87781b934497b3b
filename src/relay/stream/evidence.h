// Turns the evidence of an ended session into its record (T11). Pure.
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

/// A side whose connection ended badly.
struct BadEnd {
  SeenReset reset = {};
  SocketName socket = {};  ///< cookie 0: nobody follows events
};

struct Evidence {
  std::uint64_t id;
  const ListenerState& listener;
  const termination::Session& state;  ///< final
  Abandoned abandoned;
  const std::array<Side, 2>& sides;
  const std::array<BadEnd, 2>* bad_ends = nullptr;  ///< of the sides; null: both ended well, or nobody wants to know
  const Times& times;
  const net::Address& client;                        ///< the peer's address, or the one in its PROXY header
  const net::Address* upstream;                      ///< the address connected to or last tried; null: none
  std::uint32_t retries;                             ///< connection attempts after the first
  std::shared_ptr<const Tries> tries = {};           ///< null: the session has no group
  std::shared_ptr<const Introduction> introduction;  ///< null: the client sent no header and was served
};

/// `now` and `today` are the same moment on two clocks.
Record record_of(const Evidence& evidence, TimePoint now, std::chrono::system_clock::time_point today);

}  // namespace lastbyte::relay
