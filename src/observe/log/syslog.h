// Lines as syslog messages (RFC 5424). Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/record/message.h"

namespace lastbyte::observe {

/// The longest message to a UDP receiver: what RFC 5426, 3.2 asks receivers to take.
inline constexpr std::size_t kLongestToUdp = 2048;
/// The longest to a UNIX socket: the default of rsyslog's maxMessageSize.
inline constexpr std::size_t kLongestToUnix = 8192;

/// What a receiver knows this process by.
struct SyslogOrigin {
  std::uint8_t facility = 3;  ///< RFC 5424, 6.2.1; 3: daemon
  std::string application = "lastbyte";
  std::string host = {};     ///< empty: unknown
  std::string process = {};  ///< its number; empty: unknown
};

/// An element of structured data: its name, and its parameters with values in UTF-8.
struct StructuredData {
  std::string_view id = {};
  std::vector<std::pair<std::string_view, std::string>> parameters = {};
};

/// A line before it has the form that its destination takes.
struct Line {
  std::chrono::system_clock::time_point when;
  Severity severity = Severity::info;
  std::string_view kind = {};  ///< what kind of line it is: MSGID
  StructuredData data = {};    ///< for syslog only; without parameters: none
  std::string text = {};       ///< one line, without its end
};

/// A message of at most `longest` bytes, without a line break. Where the line is too long, the structured data is left
/// out; where it still is, the text is cut off between two characters.
std::string syslog_message(const SyslogOrigin& origin, const Line& line, std::size_t longest);

/// `name` as a field of the header: printable ASCII, at most `longest` bytes; "-" for nothing.
std::string header_field(std::string_view name, std::size_t longest);

}  // namespace lastbyte::observe
