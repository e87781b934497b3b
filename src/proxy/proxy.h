// proxy: the daemon. Control thread, signals, drain, privileges; wires the rooms together.
#pragma once

#include <functional>

#include "config/settings/config.h"

namespace lastbyte::proxy {

/// Where the settings come from, to be read again at SIGHUP. Called on a thread of its own, one call at a time; empty:
/// there is nothing to read again.
using Source = std::function<config::Loaded()>;

/// `warnings`: of the configuration, to be told once it is known where messages go.
/// Binds, drops privileges, serves until stopped. Returns the process's exit status: 0 after a stop by signal, 1 when
/// something could not be had at start (an address in use, too few descriptors): then nothing was started, and all of
/// it was told, each with its place of `places`. SIGTERM, SIGINT, SIGQUIT: drain, then stop; a second one: at once.
/// SIGUSR1: reopen the log. SIGHUP: that, and a reload. SIGUSR2, SIGPIPE and SIGXFSZ are ignored.
int run(const config::Config& config, const Source& source = {}, const config::Places& places = {},
        const std::vector<config::Problem>& warnings = {});

}  // namespace lastbyte::proxy
