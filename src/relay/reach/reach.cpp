#include "relay/reach/reach.h"

#include <algorithm>

namespace lastbyte::relay {
namespace {

constexpr Duration kFirstPause{1};
constexpr Duration kLongestPause{250};

}  // namespace

void Reach::begin(TimePoint now, Duration limit, const std::vector<net::Address>& addresses) {
  ends_ = now + limit;
  addresses_ = &addresses;
  attempts_.addresses = static_cast<std::uint32_t>(addresses.size());
}

const net::Address* Reach::next(TimePoint now) {
  const auto which = attempts_.next();
  if (!which) return nullptr;
  try_ends_ = now + upstream::time_for_try(attempts_, std::chrono::duration_cast<Duration>(ends() - now));
  ++attempts_.made;
  choice_ = &(*addresses_)[*which];
  return choice_;
}

void Reach::pause(TimePoint now) {
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  try_ends_ = now + pause_;
}

}  // namespace lastbyte::relay
