// Prints a socket of the examined process, with its options and figures, as text or as JSON. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

/// Lines have at most 80 columns unless an address is longer.
std::string socket_text(const HeldSocket& socket);
/// Leaves out unknown options, and tcp_info if it is unknown.
nlohmann::ordered_json socket_json(const HeldSocket& socket);

}  // namespace lastbyte::doctor
