// observe: what happened, for people and programs. This file: one ended session as a line.
#pragma once

#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// One readable line, without the newline. Documented in docs/session-records.md.
std::string to_text(const relay::Record& record);

/// One JSON object on one line (no newline). Field by field in docs/session-records.md.
std::string to_json(const relay::Record& record);

}  // namespace lastbyte::observe
