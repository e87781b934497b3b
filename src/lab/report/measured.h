// What an experiment counted, for people. Pure.
#pragma once

#include <string>

#include "lab/terms/measurement.h"

namespace lastbyte::lab {

/// Each share with its interval, a table by kind, and why what remains remains; for a terminal.
std::string measured_text(const Measurement& measurement);
/// The same as HTML, with a plot.
std::string measured_html(const Measurement& measurement);
/// The same for docs/lab.md.
std::string measured_markdown(const Measurement& measurement);

}  // namespace lastbyte::lab
