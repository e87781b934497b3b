// UNIX stream sockets of scripted peers.
#pragma once

#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::peers {

/// Creates a non-blocking listening socket. It first removes the file at the path. Any user may connect, because a
/// proxy may have dropped its privileges.
Result<Descriptor> listen_locally(const net::Address& at, std::optional<int> send_buffer);

/// Creates a non-blocking connected socket. EAGAIN: the backlog is full; try again (net/unix/af_unix.c
/// unix_stream_connect).
Result<Descriptor> connect_locally(const net::Address& to, std::optional<int> send_buffer);

}  // namespace lastbyte::peers
