// Prints an experiment's measurement for people. Pure.
#pragma once

#include <string>

#include "lab/terms/measurement.h"

namespace lastbyte::lab {

/// Returns, for a terminal: each share with its interval, a table by kind, and the reasons for the remaining failures.
std::string measured_text(const Measurement& measurement);
/// Returns the same as HTML, with a plot.
std::string measured_html(const Measurement& measurement);
/// Returns the same for docs/lab.md.
std::string measured_markdown(const Measurement& measurement);

}  // namespace lastbyte::lab
