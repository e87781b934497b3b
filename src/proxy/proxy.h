// proxy: the daemon. Control thread, signals, drain, privileges; it wires the rooms together.
#pragma once

#include <functional>

#include "config/settings/config.h"

namespace lastbyte::proxy {

/// Reads the settings again at SIGHUP. It is called on its own thread, one call at a time. Empty: there is nothing to
/// read again.
using Source = std::function<config::Loaded()>;

/// Binds, drops privileges, and serves until it is stopped. `warnings`: of the configuration; reported once the
/// messages' target is known. Returns the process's exit status: 0 after a stop by signal, 1 if the start failed (an
/// address in use, too few descriptors). Then nothing was started, and all errors were reported, each with its place in
/// `places`. SIGTERM, SIGINT, SIGQUIT: drain, then stop; a second one: stop at once. SIGUSR1: reopen the log. SIGHUP:
/// reopen the log and reload. SIGUSR2, SIGPIPE and SIGXFSZ are ignored.
int run(const config::Config& config, const Source& source = {}, const config::Places& places = {},
        const std::vector<config::Problem>& warnings = {});

}  // namespace lastbyte::proxy
