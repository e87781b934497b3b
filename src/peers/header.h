// The PROXY protocol header at the head of a scripted peer's connection.
#pragma once

#include <atomic>
#include <string>

#include "base/time.h"
#include "net/address/address.h"
#include "net/proxy_protocol/header.h"
#include "peers/meeting.h"
#include "peers/observed.h"

namespace lastbyte::peers {

/// Whom clients that send a header tell of: not themselves (RFC 5737).
net::Address told_by_clients();
/// The bytes of it.
std::string header_of(net::proxy_protocol::Version version);

/// Takes a header of that version off a connected socket and not a byte more, and notes in `seen` what it told, or what
/// was wrong. An error or an end that came first is noted as well, as a script would. Blocks until `until`, or until
/// `stopped` and woken.
void take_header(int fd, net::proxy_protocol::Version version, Wakeup& wakeup, const std::atomic<bool>& stopped,
                 TimePoint began, TimePoint until, Observed& seen);

}  // namespace lastbyte::peers
