// Formats lines as syslog messages (RFC 5424). Pure.
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

/// The longest message for a UDP receiver: receivers should accept this length (RFC 5426, 3.2).
inline constexpr std::size_t kLongestToUdp = 2048;
/// The longest message for a UNIX socket: the default of rsyslog's maxMessageSize.
inline constexpr std::size_t kLongestToUnix = 8192;

/// What identifies this process to a receiver.
struct SyslogOrigin {
  std::uint8_t facility = 3;  ///< RFC 5424, 6.2.1; 3: daemon
  std::string application = "lastbyte";
  std::string host = {};     ///< empty: unknown
  std::string process = {};  ///< the pid; empty: unknown
};

/// An element of structured data: its name and its parameters. Values are UTF-8.
struct StructuredData {
  std::string_view id = {};
  std::vector<std::pair<std::string_view, std::string>> parameters = {};
};

/// A line before it gets the form of its destination.
struct Line {
  std::chrono::system_clock::time_point when;
  Severity severity = Severity::info;
  std::string_view kind = {};  ///< MSGID: the kind of line
  StructuredData data = {};    ///< only for syslog; left out if it has no parameters
  std::string text = {};       ///< one line, without its line end
};

/// Makes a message of at most `longest` bytes, without a line break. If the line is too long, it leaves out the
/// structured data. If the line is still too long, it cuts the text between two characters.
std::string syslog_message(const SyslogOrigin& origin, const Line& line, std::size_t longest);

/// Returns `name` as a field of the header: printable ASCII, at most `longest` bytes; "-" if it is empty.
std::string header_field(std::string_view name, std::size_t longest);

}  // namespace lastbyte::observe
