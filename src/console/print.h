// console: the answers of a running lastbyte's administration as text for a terminal. Pure.
#pragma once

#include <string>

namespace lastbyte::console {

/// One screen; `json` is an answer of /v1/status. Text that is no such answer gives an empty string.
std::string status_text(const std::string& json);
/// Whether all is well: ready, the last reload succeeded, no record was dropped.
bool is_healthy(const std::string& json);
/// One session a line, both sockets of it; `json` is an answer of /v1/sessions.
std::string sessions_text(const std::string& json);
/// The "error" of an answer; otherwise the whole of it.
std::string error_text(const std::string& json);

}  // namespace lastbyte::console
