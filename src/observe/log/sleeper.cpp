#include "observe/log/sleeper.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <thread>

namespace lastbyte::observe {
namespace {

void wait_readable(int fd, int timeout_ms) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  // An early return (EINTR) is one more look for work, no more.
  (void)wait_for({&wanted, 1}, timeout_ms);
}

}  // namespace

int wait_for(std::span<pollfd> wanted, int timeout_ms) {
  const int ready = ::poll(wanted.data(), wanted.size(), timeout_ms);
  if (ready >= 0 || errno != EINVAL) return ready;
  constexpr int kPauseMs = 10;
  std::this_thread::sleep_for(std::chrono::milliseconds(timeout_ms < 0 ? kPauseMs : std::min(timeout_ms, kPauseMs)));
  for (pollfd& each : wanted) each.revents = each.events;
  return static_cast<int>(wanted.size());
}

Result<Sleeper> Sleeper::create() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) return failure_from_errno("eventfd for the log");
  return Sleeper(std::move(event));
}

void Sleeper::sleep() {
  wait_readable(event_.get(), -1);
  clear();
  withdraw();
}

void Sleeper::nap(std::chrono::milliseconds time) {
  wait_readable(event_.get(), static_cast<int>(time.count()));
  clear();
}

void Sleeper::clear() {
  std::uint64_t count = 0;
  (void)!::read(event_.get(), &count, sizeof count);
}

bool Sleeper::wake() {
  if (!announced_.exchange(false, std::memory_order_acq_rel)) return false;
  interrupt();
  return true;
}

void Sleeper::interrupt() {
  const std::uint64_t one = 1;
  (void)!::write(event_.get(), &one, sizeof one);
}

}  // namespace lastbyte::observe
