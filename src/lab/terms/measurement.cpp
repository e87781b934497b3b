#include "lab/terms/measurement.h"

#include <algorithm>
#include <cmath>

namespace lastbyte::lab {

Interval wilson(std::uint64_t hits, std::uint64_t of) {
  if (of == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // for 95 %, two-sided
  const auto n = static_cast<double>(of);
  const double share = static_cast<double>(hits) / n;
  const double scale = 1 + kZ * kZ / n;
  const double middle = (share + kZ * kZ / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  // At the ends the exact result is 0 or 1; this removes the error of rounding.
  return {hits == 0 ? 0 : std::max(0.0, middle - half), hits == of ? 1 : std::min(1.0, middle + half)};
}

void Tally::add(bool good, const std::string& way) {
  ++of;
  if (good) return;
  ++bad;
  ++ways[way];
}

void Tally::add(const Tally& other) {
  of += other.of;
  bad += other.bad;
  for (const auto& [way, count] : other.ways) ways[way] += count;
}

std::string_view Tally::word() const {
  if (bad == 0) return "none";
  return bad == of ? "each" : "some";
}

Tally Series::all() const {
  Tally all;
  for (const Tally& each : by_kind) all.add(each);
  return all;
}

}  // namespace lastbyte::lab
