// UNIX stream sockets of scripted peers.
#pragma once

#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::peers {

/// Non-blocking. Whatever stands at the path is removed first; anybody may connect: a proxy may have given its
/// privileges up.
Result<Descriptor> listen_locally(const net::Address& at, std::optional<int> send_buffer);

/// Non-blocking. EAGAIN: too many wait to be accepted, try again (net/unix/af_unix.c unix_stream_connect).
Result<Descriptor> connect_locally(const net::Address& to, std::optional<int> send_buffer);

}  // namespace lastbyte::peers
