// Formats a message for the operator as a line, in the formats of records.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastbyte::observe {

/// The importance of a line. The values are those of RFC 5424, 6.2.1.
enum class Severity : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

std::string_view name(Severity severity);

/// A message's text, and what it concerns as far as known.
struct Statement {
  std::string text;
  std::string forwarding = {};  ///< the forwarding's name; empty: unknown, or it concerns the process
  std::string setting = {};     ///< the setting's key, for example "listen"; empty: unknown
  std::string place = {};       ///< the place of the setting: "proxy.yaml:3:11", "--listen"; empty: unknown

  /// Returns "proxy.yaml:3:11: TEXT", or the text alone.
  [[nodiscard]] std::string line() const { return place.empty() ? text : place + ": " + text; }
  friend bool operator==(const Statement&, const Statement&) = default;
};

struct Message {
  std::chrono::system_clock::time_point when;
  Severity severity = Severity::info;
  Statement statement;
};

/// Returns "2026-03-04T05:06:07.089Z warning: ...", without the newline. Control characters become \xNN.
std::string to_text(const Message& message);
/// Returns one JSON object on one line, without the newline. Documented in docs/session-records.md.
std::string to_json(const Message& message);

}  // namespace lastbyte::observe
