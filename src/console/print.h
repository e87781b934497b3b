// The answers of the administration as text for a terminal. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::console {

struct StatusText {
  std::string text;                   ///< one screen
  std::vector<std::string> problems;  ///< why it is not healthy; empty: it is. They are in `text`, too
};

/// `json` is an answer of /v1/status. An error: it is none. Unhealthy: not ready, the last reload failed, session
/// records were dropped, or no member of a group is up.
Result<StatusText> status_text(const std::string& json);
/// One session a line, both sockets of it; `json` is an answer of /v1/sessions. An error: it is none.
Result<std::string> sessions_text(const std::string& json);
/// The "error" of an answer; otherwise the begin of it.
std::string error_text(const std::string& json);

}  // namespace lastbyte::console
