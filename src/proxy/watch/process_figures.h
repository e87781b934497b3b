// The figures of this process in /proc.
#pragma once

#include "observe/metrics/snapshot.h"

namespace lastbyte::proxy {

/// Reads a few files, some of which grow with the number of descriptors. If a file cannot be read, its figures are 0.
observe::ProcessSnapshot process_figures();

}  // namespace lastbyte::proxy
