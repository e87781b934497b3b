// A socket of the process that was asked about, with its options and figures, as text and as JSON. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// Some lines of at most 80 columns, where the addresses allow it.
std::string socket_text(const HeldSocket& socket);
/// Options that are not known are left out; so is tcp_info.
nlohmann::ordered_json socket_json(const HeldSocket& socket);

}  // namespace lastbyte::doctor
