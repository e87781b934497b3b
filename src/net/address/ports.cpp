#include "net/address/ports.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace lastbyte::net {
namespace {

using Wrong = tl::unexpected<std::string>;

/// Accepts no sign and no leading zero, so that text() returns what was written.
std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::string wrong_port(std::string_view text, std::uint16_t least) {
  return "the port is '" + printable(text) + "'; expected " + std::to_string(least) + " to 65535";
}

/// "80" or "80-90". A range of one port is written as that port.
tl::expected<PortRange, std::string> parse_range(std::string_view text, std::uint16_t least) {
  const auto dash = text.find('-', 1);  // "-1" is a wrong port, not a range
  const auto first = parse_port(text.substr(0, dash));
  if (!first || *first < least) return Wrong(wrong_port(text.substr(0, dash), least));
  if (dash == std::string_view::npos) return PortRange{*first, *first};
  const auto last = parse_port(text.substr(dash + 1));
  if (!last || *last < least) return Wrong(wrong_port(text.substr(dash + 1), least));
  if (*last <= *first) {
    return Wrong("the range '" + printable(text) + "' ends where it begins or before; expected LOW-HIGH");
  }
  return PortRange{*first, *last};
}

}  // namespace

tl::expected<Ports, std::string> Ports::parse(std::string_view text, std::uint16_t least) {
  Ports ports;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto range = parse_range(text.substr(begin, end - begin), least);
    if (!range) return Wrong(range.error());
    for (const PortRange& earlier : ports.ranges_) {
      if (range->first > earlier.last || range->last < earlier.first) continue;
      return Wrong("port " + std::to_string(std::max(range->first, earlier.first)) +
                   " is given twice; expected each once");
    }
    ports.ranges_.push_back(*range);
    begin = end + 1;
  }
  const bool has_zero =
      std::any_of(ports.ranges_.begin(), ports.ranges_.end(), [](const PortRange& range) { return range.first == 0; });
  if (has_zero && ports.count() > 1) return Wrong("port 0, the kernel's choice, stands alone");
  return ports;
}

std::size_t Ports::count() const {
  std::size_t count = 0;
  for (const PortRange& range : ranges_) count += range.count();
  return count;
}

std::uint16_t Ports::at(std::size_t index) const {
  for (const PortRange& range : ranges_) {
    if (index < range.count()) return static_cast<std::uint16_t>(range.first + index);
    index -= range.count();
  }
  return 0;
}

std::string Ports::text() const {
  std::string out;
  for (const PortRange& range : ranges_) {
    if (!out.empty()) out += ',';
    out += std::to_string(range.first);
    if (range.last != range.first) out += '-' + std::to_string(range.last);
  }
  return out;
}

}  // namespace lastbyte::net
