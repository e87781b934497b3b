// Parses scripts that must be right.
#pragma once

#include <string_view>

#include "peers/script.h"

namespace lastbyte::peers {

/// The test fails if the text is no script.
Script script(std::string_view text);

}  // namespace lastbyte::peers
