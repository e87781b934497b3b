#include "relay/context/resting_sources.h"

#include <algorithm>

namespace lastbyte::relay {

bool RestingSources::rests(const net::Source& source, TimePoint now) const {
  return std::ranges::any_of(resting_, [&](const Resting& each) { return each.source == source && now < each.until; });
}

void RestingSources::failed(const net::Source& source, TimePoint now) {
  auto found = std::ranges::find(resting_, source, &Resting::source);
  if (found == resting_.end()) {
    if (resting_.size() == kMost) std::erase_if(resting_, [&](const Resting& each) { return each.until <= now; });
    if (resting_.size() == kMost) return;
    found = resting_.insert(resting_.end(), {.source = source, .backoff = {}, .until = {}});
  }
  found->until = now + found->backoff.next();
}

void RestingSources::recovered(const net::Source& source) {
  std::erase_if(resting_, [&](const Resting& each) { return each.source == source; });
}

}  // namespace lastbyte::relay
