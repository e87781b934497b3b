// Formats the tries to reach a member of a group, for both formats.
#pragma once

#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns the word for the end of a try. Explained in docs/session-records.md.
std::string_view name(relay::TryEnd end);

/// Returns ` group=servers member=10.0.0.1:80`, and ` tries="..."` after more than one try; empty without a group.
std::string tries_to_text(const relay::Record& record);
/// Returns `,"group":...,"member":...,"tries":[...]`; null, null and empty without a group.
std::string tries_to_json(const relay::Record& record);

}  // namespace lastbyte::observe
