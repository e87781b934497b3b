// Runs the doctor once.
#pragma once

#include "doctor/options.h"

namespace lastbyte::doctor {

/// Prints on standard output. Returns the exit status: 0 no finding above a note, 1 a warning, 3 a critical finding, 2
/// nothing could be examined or the output could not be written.
int run(const Options& options);

}  // namespace lastbyte::doctor
