// The sums of all workers' counters, and the lines that report them at the end.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "relay/terms/counters.h"

namespace lastbyte::proxy {

class Tally {
 public:
  void add(const relay::Counters& worker);
  [[nodiscard]] std::uint64_t of(relay::Count count) const { return sums_[static_cast<std::size_t>(count)]; }

 private:
  std::array<std::uint64_t, relay::kCounts.size()> sums_{};
};

/// Returns "accepting paused 2 times, ..."; empty: never.
std::string pauses(const Tally& tally);

/// Returns "turned away: 3 clients by client.allow or client.deny, ...", with the counters that are not 0; empty: all
/// are.
std::string turned_away(const Tally& tally);

}  // namespace lastbyte::proxy
