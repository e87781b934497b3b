// proxy: the daemon. Control thread, signals, drain, privileges; wires the rooms together.
#pragma once

#include "config/config.h"

namespace lastbyte::proxy {

/// Binds, drops privileges, serves until stopped. Returns the process's exit status: 0 after a stop by signal, 1 when
/// something could not be had at start (an address in use, too few descriptors): then nothing was started.
/// SIGTERM, SIGINT: drain, then stop; a second one: at once. SIGUSR1: reopen the log.
int run(const config::Config& config);

}  // namespace lastbyte::proxy
