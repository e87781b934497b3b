// Where sessions are played: forwardings of the daemon, each with an upstream socket of its own and for one session at
// a time, so that there is no doubt whose a connection or a record is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "tests/soak/plan.h"

namespace lastbyte::soak {

struct Lane {
  const Kind* kind = nullptr;
  std::string name = {};      ///< of the forwarding
  std::string listen = {};    ///< its endpoint, as the daemon is told
  net::Address address = {};  ///< where clients connect to
  Descriptor upstream = {};   ///< listens, or is only bound where the kind is not reachable
  net::Address upstream_address = {};
};

/// So many of each kind, with their upstream sockets. Paths are below `directory`.
Result<std::vector<Lane>> make_lanes(std::size_t of_each, const std::string& directory);

/// The daemon's settings. `variation` changes what no session can notice: for reloads. Pure.
std::string settings(const std::vector<Lane>& lanes, const std::string& log, std::uint64_t variation);

/// Takes the addresses that the daemon listens on from what it says at its start. False: not all are there.
bool find_addresses(std::vector<Lane>& lanes, std::string_view said);

}  // namespace lastbyte::soak
