// The PROXY protocol header at the beginning of a scripted peer's connection.
#pragma once

#include <atomic>
#include <string>

#include "base/time.h"
#include "net/address/address.h"
#include "net/proxy_protocol/header.h"
#include "peers/meeting.h"
#include "peers/observed.h"

namespace lastbyte::peers {

/// The client address in the headers that clients send. It is not their own (RFC 5737).
net::Address told_by_clients();
/// Returns the bytes of a client's header.
std::string header_of(net::proxy_protocol::Version version);

/// Reads a header of that version from a connected socket, and not a byte more. It notes in `seen` the header's
/// address, or what was wrong with the header. An error or an end before the header is noted as a script would note it.
/// It blocks until `until`, or until `stopped` is set and `wakeup` raised.
void take_header(int fd, net::proxy_protocol::Version version, Wakeup& wakeup, const std::atomic<bool>& stopped,
                 TimePoint began, TimePoint until, Observed& seen);

}  // namespace lastbyte::peers
