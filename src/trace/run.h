// Runs a trace until its end.
#pragma once

#include "trace/options.h"

namespace lastbyte::trace {

/// Exit statuses.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;   ///< the output or the kernel's events broke off
inline constexpr int kExitNotHere = 2;  ///< nothing can be watched here, or the namespace does not exist

/// Prints events on standard output and notes on standard error. Ends at SIGINT, SIGTERM, or when the options say so.
/// Returns the exit status.
int run(const Options& options);

}  // namespace lastbyte::trace
