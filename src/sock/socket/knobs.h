// Creates a socket with the options of the command line.
#pragma once

#include "base/descriptor.h"
#include "base/result.h"
#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/socket/address.h"

namespace lastbyte::sock {

/// Returns a new socket for `address` with every option that must or may be set before bind(), connect() and listen().
/// Accepted sockets have the same options, because Linux copies them from the listening socket.
Result<Descriptor> make_socket(const Options& options, const SockAddress& address, const Narrator& narrator);

}  // namespace lastbyte::sock
