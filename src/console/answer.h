// Shared by the readers of answers. Includes the JSON library, which is slow to compile: include it in sources, not in
// headers.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace lastbyte::console {

/// Parses the answer of `path` and returns what `make` makes of it. An error (EPROTO): the text is no such answer.
template <typename Make>
auto made_of(const std::string& text, const char* path, Make make) -> Result<decltype(make(nlohmann::json()))> {
  try {
    return make(nlohmann::json::parse(text));
  } catch (const nlohmann::json::exception&) {
    return failure(std::string("read the answer of ") + path, EPROTO, "not an answer of this version of lastbyte");
  }
}

inline std::string text_or_dash(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : "-";
}

/// Returns at least 0.
inline std::int64_t microseconds_of(const nlohmann::json& value) {
  return std::max<std::int64_t>(value.get<std::int64_t>(), 0);
}

}  // namespace lastbyte::console
