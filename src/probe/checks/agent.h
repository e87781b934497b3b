// Reads the line of HAProxy's agent-check (its configuration manual, "agent-check"): words in which a server reports
// its own state. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastbyte::probe::checks {

struct AgentLine {
  enum class Order : std::uint8_t { ready, drain, maint };

  std::optional<bool> up = {};                       ///< true: up; false: down, failed or stopped
  std::optional<Order> order = {};                   ///< valid until the next order
  std::optional<std::uint32_t> weight_percent = {};  ///< percentage of the configured weight
  std::string reason = {};                           ///< the text after a '#'
  std::string unknown = {};                          ///< the first unknown word; it has no effect

  friend bool operator==(const AgentLine&, const AgentLine&) = default;

  /// Returns whether the line has at least one known word with an effect.
  [[nodiscard]] bool says_something() const { return up || order || weight_percent; }
};

/// Reads up to the first CR or LF. Spaces, tabs and commas separate words, and case does not matter. If a line has
/// several words of one kind, the last one counts. `maxconn:N` is accepted and has no effect.
AgentLine read_agent_line(std::string_view text);

}  // namespace lastbyte::probe::checks
