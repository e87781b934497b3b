#include "observe/record/message.h"

#include <fmt/format.h>

#include <iterator>

#include "observe/record/moment.h"
#include "observe/record/words.h"

namespace lastbyte::observe {
namespace {

/// Replaces control characters, so that a name in it cannot break the line.
std::string without_controls(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < ' ' || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += each;
    }
  }
  return out;
}

std::string string_or_null(const std::string& text) { return text.empty() ? "null" : json_string(text); }

}  // namespace

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::notice: return "notice";
    case Severity::info: return "info";
    case Severity::debug: return "debug";
  }
  return "?";
}

std::string to_text(const Message& message) {
  return fmt::format("{} {}: {}", moment_text(message.when), name(message.severity),
                     without_controls(message.statement.line()));
}

std::string to_json(const Message& message) {
  const Statement& said = message.statement;
  return fmt::format(
      R"({{"event":"message","time":"{}","level":"{}","message":{},"forwarding":{},"setting":{},"place":{}}})",
      moment_text(message.when), name(message.severity), json_string(said.text), string_or_null(said.forwarding),
      string_or_null(said.setting), string_or_null(said.place));
}

}  // namespace lastbyte::observe
