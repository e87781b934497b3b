// observe: records and metrics of what happened, for people and programs. This file: the record of a session as a line.
#pragma once

#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns one readable line, without the newline. Documented in docs/session-records.md.
std::string to_text(const relay::Record& record);

/// Returns one JSON object on one line, without the newline. docs/session-records.md documents each field.
std::string to_json(const relay::Record& record);

}  // namespace lastbyte::observe
