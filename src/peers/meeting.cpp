#include "peers/meeting.h"

#include <algorithm>

namespace lastbyte::peers {

void Meeting::signal(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(name);
  if (found == counts_.end()) {
    counts_.emplace(name, 1);
  } else {
    ++found->second;
  }
  for (Wakeup* wakeup : present_) wakeup->raise();
}

std::uint32_t Meeting::count(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

void Meeting::join(Wakeup& wakeup) {
  const std::lock_guard lock(mutex_);
  present_.push_back(&wakeup);
}

void Meeting::leave(Wakeup& wakeup) {
  const std::lock_guard lock(mutex_);
  std::erase(present_, &wakeup);
}

}  // namespace lastbyte::peers
