#include "relay/group/queues.h"

#include <utility>

namespace lastbyte::relay {

void Queues::join(unsigned worker, Wake wake) {
  const std::lock_guard lock(mutex_);
  wakes_[worker] = std::move(wake);
}

void Queues::part(unsigned worker) {
  const std::lock_guard lock(mutex_);
  wakes_.erase(worker);
}

bool Queues::enter(std::uint64_t group, unsigned worker, std::uint32_t length) {
  const std::lock_guard lock(mutex_);
  Line& line = lines_[group];
  if (line.length >= length) return false;
  ++line.of_worker[worker];
  ++line.length;
  // This is sequentially consistent, like the count of a member's sessions (upstream::take_place): either whoever
  // returns a place sees this count, or the session's next look sees the place.
  waiting_.fetch_add(1);
  return true;
}

void Queues::leave(std::uint64_t group, unsigned worker) {
  const std::lock_guard lock(mutex_);
  waiting_.fetch_sub(1);
  const auto line = lines_.find(group);
  if (--line->second.of_worker[worker] == 0) line->second.of_worker.erase(worker);
  if (--line->second.length == 0) lines_.erase(line);
}

void Queues::room(std::uint64_t group) {
  if (waiting_.load() == 0) return;
  const std::lock_guard lock(mutex_);
  const auto line = lines_.find(group);
  if (line == lines_.end()) return;
  for (const auto& [worker, count] : line->second.of_worker) {
    const auto wake = wakes_.find(worker);
    if (wake != wakes_.end()) wake->second(group);
  }
}

}  // namespace lastbyte::relay
