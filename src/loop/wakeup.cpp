#include "loop/wakeup.h"

#include <sys/eventfd.h>

#include <cstdint>

namespace lastbyte::loop {

Wakeup::Wakeup() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Wakeup::raise() {
  const std::uint64_t one = 1;
  // The write fails only if the counter is full, and then the descriptor is readable anyway.
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

void Wakeup::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(event_.get(), &count, sizeof count);
}

}  // namespace lastbyte::loop
