// Suggests the nearest known word for an unknown one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastbyte::config {

/// Returns the word of `known` that the user most likely meant: the nearest by spelling, or else the shortest that ends
/// in `wrong` after a '-' or '.' ("--limits-idle" for "--idle"). nullopt: there is none. Pure.
std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace lastbyte::config
