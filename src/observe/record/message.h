// A message for the operator as a line, in the formats of the records.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::observe {

/// How important a line is. The values are those of RFC 5424, 6.2.1.
enum class Severity : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

std::string_view name(Severity severity);

/// What is said, and what it is about, as far as that is known.
struct Statement {
  std::string text;
  std::string forwarding = {};  ///< its name; empty: unknown, or it is about the process
  std::string setting = {};     ///< its key, for example "listen"; empty: unknown
  std::string place = {};       ///< where the setting stands: "proxy.yaml:3:11", "--listen"; empty: unknown

  /// "proxy.yaml:3:11: TEXT", or the text alone.
  [[nodiscard]] std::string line() const { return place.empty() ? text : place + ": " + text; }
  friend bool operator==(const Statement&, const Statement&) = default;
};

struct Message {
  std::chrono::system_clock::time_point when;
  Severity severity = Severity::info;
  Statement statement;
};

/// "2026-03-04T05:06:07.089Z warning: ...", without the newline; control characters become \xNN.
std::string to_text(const Message& message);
/// One JSON object on one line, without the newline. Documented in docs/session-records.md.
std::string to_json(const Message& message);

}  // namespace lastbyte::observe
