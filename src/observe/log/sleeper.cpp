#include "observe/log/sleeper.h"

#include <algorithm>
#include <cerrno>
#include <thread>

namespace lastbyte::observe {
namespace {

void wait_readable(int fd, int timeout_ms) {
  pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
  // An early return (EINTR) only makes the thread look for work once more.
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
  loop::Wakeup wakeup;
  if (wakeup.fd() < 0) return failure_from_errno("eventfd for the log");
  return Sleeper(std::move(wakeup));
}

void Sleeper::sleep() {
  wait_readable(wakeup_.fd(), -1);
  clear();
  withdraw();
}

void Sleeper::nap(std::chrono::milliseconds time) {
  wait_readable(wakeup_.fd(), static_cast<int>(time.count()));
  clear();
}

bool Sleeper::wake() {
  if (!announced_.exchange(false, std::memory_order_acq_rel)) return false;
  interrupt();
  return true;
}

}  // namespace lastbyte::observe
