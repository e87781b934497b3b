// Runs the doctor once.
#pragma once

#include "doctor/options.h"

namespace lastbyte::doctor {

/// Prints on standard output. The result is the exit status: 0 no finding above a note, 1 a warning, 3 a critical one,
/// 2 nothing could be looked at, or the output was not written.
int run(const Options& options);

}  // namespace lastbyte::doctor
