// Records for destinations with a bound on the length of a line, and with fields of their own.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// The record without what may be long: of its tries the last one stays, and of its PROXY header the version.
relay::Record shortened(const relay::Record& record);

/// What a receiver may sort and search records by, as names and values: docs/session-records.md lists them.
std::vector<std::pair<std::string_view, std::string>> parameters(const relay::Record& record);

}  // namespace lastbyte::observe
