// Decodes the target of a request line (RFC 9112, 3.2.1). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastbyte::admin {

struct Target {
  std::string path;  ///< begins with "/"
  std::vector<std::pair<std::string, std::string>> query;
};

/// Returns nullopt if the target is not of the form "/path?query", a percent sign lacks its two hexadecimal digits, or
/// a decoded character is a control character.
std::optional<Target> parse_target(std::string_view target);

/// Returns a path's segments: {"v1", "status"}. An encoded slash does not separate. Returns nullopt as parse_target()
/// does.
std::optional<std::vector<std::string>> segments_of(std::string_view target);

}  // namespace lastbyte::admin
