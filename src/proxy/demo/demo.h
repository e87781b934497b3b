// The demo: a built-in origin server with a forwarder in front of it.
#pragma once

#include <cstdint>

namespace lastbyte::proxy {

/// Forwards from 127.0.0.1:`listen_port` (0: the kernel's choice) to an origin of its own, with one readable line for
/// each ended session on standard error, and says on standard output what to try. Serves until SIGINT, SIGTERM or
/// SIGQUIT. Returns the exit status, as run() in proxy.h.
int run_demo(std::uint16_t listen_port);

}  // namespace lastbyte::proxy
