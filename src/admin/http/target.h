// The target of a request line (RFC 9112, 3.2.1), decoded. Pure.
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

/// nullopt: it is not in the form "/path?query", a percent sign is not followed by two hexadecimal digits, or a decoded
/// character is a control character.
std::optional<Target> parse_target(std::string_view target);

/// The segments of a path between its slashes: {"v1", "status"}. A segment with an encoded slash stays one.
/// nullopt as above.
std::optional<std::vector<std::string>> segments_of(std::string_view target);

}  // namespace lastbyte::admin
