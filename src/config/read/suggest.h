// The nearest word to one that is unknown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastbyte::config {

/// The word of `known` that `wrong` was most likely meant to be: the nearest by its letters, or else the shortest that
/// ends in it behind a '-' or '.' ("--limits-idle" for "--idle"). nullopt: there is none. Pure.
std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace lastbyte::config
