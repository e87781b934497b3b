#include "check/meeting.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace lastbyte::check {

Wakeup::Wakeup() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Wakeup::raise() {
  const std::uint64_t one = 1;
  // It fails only where it is raised already, as often as it can count.
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

void Wakeup::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(event_.get(), &count, sizeof count);
}

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

}  // namespace lastbyte::check
