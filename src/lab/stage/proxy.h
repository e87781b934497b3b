// A proxy between the two hosts, on the server's.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "lab/stage/stage.h"
#include "launchers/start.h"

namespace lastbyte::lab {

struct RunningProxy {
  launchers::Started started;  ///< dies with the calling thread
  net::Address address;        ///< where clients connect to
};

/// A known proxy (launchers/launchers.h) in the server's network, forwarding `port` there to `upstream`. Fails where it
/// is not installed, or does not start.
Result<RunningProxy> start_proxy(Stage& stage, const std::string& name, std::uint16_t port,
                                 const net::Address& upstream);

}  // namespace lastbyte::lab
