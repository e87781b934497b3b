// Sentences with figures, for evidence. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/rules/rules.h"

namespace lastbyte::doctor {

inline constexpr std::string_view kIpSysctl = "https://docs.kernel.org/networking/ip-sysctl.html";
inline constexpr std::string_view kPortRange = "net.ipv4.ip_local_port_range";

inline std::vector<Evidence> nothing() { return {}; }
inline std::vector<Evidence> one(std::string text, std::string command = {}, std::optional<Severity> severity = {}) {
  std::vector<Evidence> found;
  found.push_back({.text = std::move(text), .command = std::move(command), .severity = severity});
  return found;
}

/// "net.ipv4.tcp_timestamps is 0."
std::string setting_is(const Facts& facts, std::string_view name);
/// "sysctl -w net.ipv4.tcp_timestamps=1"
std::string set_to(std::string_view name, std::string_view value);
/// Quotes the text as one word for a shell: in single quotes if it needs them.
std::string shell_word(const std::string& text);
/// "12 of 28232 (0.0 %)"
std::string share(std::uint64_t part, std::uint64_t whole);
/// "2 h", "5 min", "12 s"
std::string age_text(std::chrono::seconds age);
/// Returns "nginx (1234)"; "an unknown process" if there is no owner.
std::string owner_text(const kernel::ProcessName& owner);

}  // namespace lastbyte::doctor
