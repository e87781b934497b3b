#include "proxy/watch/registry.h"

#include <algorithm>

namespace lastbyte::proxy {

Registry::Figures Registry::of(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto find = [this](const std::string& wanted) {
    return std::ranges::find(known_, wanted, [](const Figures& each) { return each->name; });
  };
  if (const auto found = find(name); found != known_.end()) return *found;
  const std::string& kept = known_.size() < kMost ? name : kOther;
  if (const auto found = find(kept); found != known_.end()) return *found;
  return known_.emplace_back(std::make_shared<relay::ForwardingFigures>(kept, workers_));
}

std::vector<std::shared_ptr<const relay::ForwardingFigures>> Registry::all() const {
  const std::lock_guard lock(mutex_);
  return {known_.begin(), known_.end()};
}

}  // namespace lastbyte::proxy
