// Text that came from outside, fit for a terminal and a log line.
#pragma once

#include <string>
#include <string_view>

namespace lastbyte {

/// Bytes that are not printable ASCII become \xNN.
std::string printable(std::string_view text);

}  // namespace lastbyte
