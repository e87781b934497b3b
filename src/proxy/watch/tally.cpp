#include "proxy/watch/tally.h"

#include <fmt/format.h>

#include "base/text.h"

namespace lastbyte::proxy {

using relay::Count;

void Tally::add(const relay::Counters& worker) {
  for (const auto& each : relay::kCounts) sums_[static_cast<std::size_t>(each.count)] += worker.of(each.count);
}

std::string pauses(const Tally& tally) {
  const std::uint64_t count = tally.of(Count::accept_pauses);
  if (count == 0) return {};
  return fmt::format("accepting paused {} because descriptors or memory were short", counted(count, "time"));
}

std::string turned_away(const Tally& tally) {
  std::string out;
  for (const auto& each : relay::kCounts) {
    const std::uint64_t count = tally.of(each.count);
    if (each.noun.empty() || count == 0) continue;
    out += fmt::format("{}{} {}", out.empty() ? "turned away: " : ", ", counted(count, each.noun), each.reason);
  }
  return out;
}

}  // namespace lastbyte::proxy
