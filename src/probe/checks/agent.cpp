#include "probe/checks/agent.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace lastbyte::probe::checks {
namespace {

constexpr std::uint32_t kMostPercent = 25'600;  ///< a weight of 256 where 1 is configured

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool take(AgentLine& line, std::string_view word) {
  using Order = AgentLine::Order;
  const std::string text = lower(word);
  if (text == "up") return line.up = true, true;
  if (text == "down" || text == "failed" || text == "fail" || text == "stopped") return line.up = false, true;
  if (text == "ready") return line.order = Order::ready, true;
  if (text == "drain") return line.order = Order::drain, true;
  if (text == "maint") return line.order = Order::maint, true;
  if (text.ends_with('%')) {
    const auto percent = number(std::string_view(text).substr(0, text.size() - 1));
    if (!percent || *percent > kMostPercent) return false;
    return line.weight_percent = percent, true;
  }
  return text.starts_with("maxconn:") && number(std::string_view(text).substr(8)).has_value();
}

}  // namespace

AgentLine read_agent_line(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  AgentLine line;
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    line.reason = text.substr(hash + 1);
    text = text.substr(0, hash);
  }
  constexpr std::string_view separators = " \t,";
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return line;
    text = text.substr(begin);
    const auto word = text.substr(0, text.find_first_of(separators));
    if (!take(line, word) && line.unknown.empty()) line.unknown = word;
    text = text.substr(word.size());
  }
}

}  // namespace lastbyte::probe::checks
