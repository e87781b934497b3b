// The demo: a built-in origin server with a forwarder before it.
#pragma once

#include <cstdint>

namespace lastbyte::proxy {

/// Forwards from 127.0.0.1:`listen_port` (0: the kernel chooses) to a built-in origin. It writes a readable line for
/// each ended session to standard error, and commands to try to standard output. It serves until SIGINT, SIGTERM or
/// SIGQUIT. Returns the exit status, like run() in proxy.h.
int run_demo(std::uint16_t listen_port);

}  // namespace lastbyte::proxy
