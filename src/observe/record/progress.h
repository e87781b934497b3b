// Formats an open session as a line: it has begun, or it is still open.
#pragma once

#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// As to_text() and to_json(). Precondition: record.progress() is not null.
std::string progress_to_text(const relay::Record& record);
std::string progress_to_json(const relay::Record& record);

}  // namespace lastbyte::observe
