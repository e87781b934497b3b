// The tries to reach a member of a group, as both formats show them.
#pragma once

#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// The word for the end of a try. Explained in docs/session-records.md.
std::string_view name(relay::TryEnd end);

/// ` group=servers member=10.0.0.1:80`, and ` tries="..."` where there was more than one; empty without a group.
std::string tries_to_text(const relay::Record& record);
/// `,"group":...,"member":...,"tries":[...]`; null, null and empty without a group.
std::string tries_to_json(const relay::Record& record);

}  // namespace lastbyte::observe
