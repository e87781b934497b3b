// Text that came from outside, fit for a terminal and a log line.
#pragma once

#include <string>
#include <string_view>

namespace lastbyte {

/// What is not printable ASCII becomes \xNN.
std::string printable(std::string_view text);

}  // namespace lastbyte
