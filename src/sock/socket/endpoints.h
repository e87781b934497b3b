// The two ways to a socket that is ready for use: connecting and listening.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/operator/stop.h"
#include "sock/socket/address.h"
#include "sock/socket/bound_path.h"
#include "sock/socket/tcp_info.h"

namespace lastbyte::sock {

/// A socket with its names. `path`: the file that it was bound to, if any.
struct Endpoint {
  Descriptor socket;
  SockAddress local;
  SockAddress peer;  ///< none() where it is not connected
  BoundPath path;
  StateWatch states;
  int early_error = 0;  ///< an errno: it was connected, and reset before that was noticed. What came is readable
};

/// Tries each address in turn, each for no longer than options.timeout. The error is that of the last one. With Fast
/// Open the connection may not be made before the first send.
Result<Endpoint> connect_to(const Options& options, const std::vector<SockAddress>& peers, const Narrator& narrator,
                            const StopSignal& stop);
/// Bound, and for streams listening, at the first of the addresses.
Result<Endpoint> listen_at(const Options& options, const SockAddress& address, const Narrator& narrator);

}  // namespace lastbyte::sock
