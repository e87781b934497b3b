#include "net/names/namespace.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>

namespace lastbyte::net {
namespace {

constexpr std::string_view kOwn = "none";
constexpr std::string_view kExpected = "expected a path, a name of `ip netns`, pid:NUMBER, pidfd:NUMBER or none";

std::optional<std::uint32_t> whole(std::string_view text, std::uint32_t least) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > INT32_MAX)
    return std::nullopt;
  if (std::to_string(value) != text) return std::nullopt;  // no leading zero
  return value;
}

/// `ip netns` uses the name for a file in /run/netns.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 255 || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.size() < 4096 &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace

tl::expected<NamespaceName, std::string> NamespaceName::parse(std::string_view text) {
  if (text == kOwn) return NamespaceName{};
  if (is_path(text)) return NamespaceName{Kind::path, std::string(text), 0};
  for (const auto& [prefix, kind, least] :
       {std::tuple{std::string_view("pid:"), Kind::pid, 1U}, std::tuple{std::string_view("pidfd:"), Kind::pidfd, 3U}}) {
    if (!text.starts_with(prefix)) continue;
    const auto value = whole(text.substr(prefix.size()), least);
    if (!value)
      return tl::unexpected("expected " + std::string(prefix) + "NUMBER, from " + std::to_string(least) + " up");
    return NamespaceName{kind, {}, *value};
  }
  if (is_name(text)) return NamespaceName{Kind::name, std::string(text), 0};
  return tl::unexpected(std::string(kExpected));
}

std::string NamespaceName::text() const {
  switch (kind) {
    case Kind::own: return std::string(kOwn);
    case Kind::path:
    case Kind::name: return path;
    case Kind::pid: return "pid:" + std::to_string(number);
    case Kind::pidfd: return "pidfd:" + std::to_string(number);
  }
  return {};
}

}  // namespace lastbyte::net
