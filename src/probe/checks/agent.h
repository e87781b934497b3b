// The line of HAProxy's agent-check (its configuration manual, "agent-check"): words by which a server tells how it is.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastbyte::probe::checks {

struct AgentLine {
  enum class Order : std::uint8_t { ready, drain, maint };

  std::optional<bool> up = {};                       ///< up; down, failed or stopped
  std::optional<Order> order = {};                   ///< stands until another one comes
  std::optional<std::uint32_t> weight_percent = {};  ///< of the configured weight
  std::string reason = {};                           ///< after a '#'
  std::string unknown = {};                          ///< the first word that is none of these; it says nothing

  friend bool operator==(const AgentLine&, const AgentLine&) = default;

  /// At least one word was understood.
  [[nodiscard]] bool says_something() const { return up || order || weight_percent; }
};

/// Reads up to the first CR or LF. Words are separated by spaces, tabs and commas; their case does not matter. The last
/// of several words of one kind counts. `maxconn:N` is taken and has no effect.
AgentLine read_agent_line(std::string_view text);

}  // namespace lastbyte::probe::checks
