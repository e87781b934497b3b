#include "upstream/lookups.h"

#include <algorithm>
#include <utility>

namespace lastbyte::upstream {
namespace {

bool same_set(const std::vector<net::Address>& a, const std::vector<net::Address>& b) {
  return a.size() == b.size() &&
         std::ranges::all_of(a, [&](const net::Address& each) { return std::ranges::find(b, each) != b.end(); });
}

}  // namespace

bool KnownName::take(const Answer& answer, const Names& rules, TimePoint now) {
  failures_ = answer.outcome == LookUp::failed ? failures_ + 1 : 0;
  next_ = now + pause_after(answer, rules, failures_);
  if (answer.outcome == LookUp::found && !answer.addresses.empty()) {
    found_ = now;
    stale_since_.reset();
    // Servers rotate their answers; a different order is no change.
    if (same_set(answer.addresses, addresses_)) return false;
    addresses_ = answer.addresses;
    return true;
  }
  if (!stale_since_) stale_since_ = now;
  return expire(rules, now);
}

bool KnownName::expire(const Names& rules, TimePoint now) {
  const auto at = expires(rules);
  if (!at || now < *at) return false;
  addresses_.clear();
  return true;
}

std::optional<TimePoint> KnownName::expires(const Names& rules) const {
  if (!is_stale()) return std::nullopt;
  switch (rules.stale) {
    case Stale::keep: return std::nullopt;
    case Stale::expire: return *stale_since_ + rules.stale_age;
    case Stale::fail: return *stale_since_;
  }
  return std::nullopt;
}

Duration pause_after(const Answer& answer, const Names& rules, std::uint32_t failures) {
  const Duration longest = std::max(rules.ttl_max, rules.ttl_min);
  if (answer.outcome == LookUp::failed) {
    const Duration first = std::max(rules.ttl_min, Duration{1});
    const Duration most = std::max(rules.refresh, first);
    const std::uint32_t doublings = std::min(std::max(failures, 1U) - 1, 20U);
    return std::min<Duration>(most, first * (1L << doublings));
  }
  return answer.ttl ? std::clamp(*answer.ttl, rules.ttl_min, longest) : rules.refresh;
}

}  // namespace lastbyte::upstream
