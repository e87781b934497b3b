// The socket options that were asked for, and the socket they are turned on.
#pragma once

#include "base/descriptor.h"
#include "base/result.h"
#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/socket/address.h"

namespace lastbyte::sock {

/// A new socket for `address` with every option set that has to stand, or may stand, before bind(), connect() and
/// listen(). What is accepted from a listening socket has the same options: Linux copies them.
Result<Descriptor> make_socket(const Options& options, const SockAddress& address, const Narrator& narrator);

}  // namespace lastbyte::sock
