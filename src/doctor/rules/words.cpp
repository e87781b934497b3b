#include "doctor/rules/words.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lastbyte::doctor {

std::string setting_is(const Facts& facts, std::string_view name) {
  return fmt::format("{} is {}.", name, facts.sysctls.text(name).value_or("unknown"));
}

std::string set_to(std::string_view name, std::string_view value) {
  return fmt::format("sysctl -w {}={}", name,
                     value.find(' ') == std::string_view::npos ? std::string(value) : fmt::format("'{}'", value));
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._:=+-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string share(std::uint64_t part, std::uint64_t whole) {
  const double percent = whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{} of {} ({:.1f} %)", part, whole, percent);
}

std::string age_text(std::chrono::seconds age) {
  const auto seconds = age.count();
  if (seconds >= 7200) return fmt::format("{} h", seconds / 3600);
  if (seconds >= 120) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

std::string owner_text(const kernel::ProcessName& owner) {
  return owner.pid == 0 ? "an unknown process" : fmt::format("{} ({})", printable(owner.comm), owner.pid);
}

}  // namespace lastbyte::doctor
