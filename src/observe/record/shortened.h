// Shortens records for destinations with a limit on the length of a line, and lists their fields.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns the record without its long parts. It keeps the last of the tries, and the version of the PROXY header.
relay::Record shortened(const relay::Record& record);

/// Returns names and values that a receiver can sort and search by. docs/session-records.md lists them.
std::vector<std::pair<std::string_view, std::string>> parameters(const relay::Record& record);

}  // namespace lastbyte::observe
