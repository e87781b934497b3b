// Prints the administration's answers as text for a terminal. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::console {

struct StatusText {
  std::string text;                   ///< one screen
  std::vector<std::string> problems;  ///< why lastbyte is not healthy; empty: it is healthy. `text` has them too
};

/// `json` is an answer of /v1/status; anything else is an error. Unhealthy means: not ready, the last reload failed,
/// session records were dropped, or a group has no member that is up.
Result<StatusText> status_text(const std::string& json);
/// Prints one line per session, with both of its sockets. `json` is an answer of /v1/sessions; anything else is an
/// error.
Result<std::string> sessions_text(const std::string& json);
/// Returns the answer's "error", or else the beginning of the answer.
std::string error_text(const std::string& json);

}  // namespace lastbyte::console
