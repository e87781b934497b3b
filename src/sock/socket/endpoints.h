// The two ways to get a socket that is ready for use: connecting and listening.
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

/// A socket with its addresses. `path`: the file that it is bound to, if any.
struct Endpoint {
  Descriptor socket;
  SockAddress local;
  SockAddress peer;  ///< none() if the socket is not connected
  BoundPath path;
  StateWatch states;
  int early_error = 0;  ///< an errno: connected, and then reset before connect() was seen to succeed
};

/// Tries each address in turn, each for up to options.timeout. The error is that of the last address. With Fast Open,
/// the first send may establish the connection.
Result<Endpoint> connect_to(const Options& options, const std::vector<SockAddress>& peers, const Narrator& narrator,
                            const StopSignal& stop);
/// Returns a bound socket; for streams, it also listens.
Result<Endpoint> listen_at(const Options& options, const SockAddress& address, const Narrator& narrator);

}  // namespace lastbyte::sock
