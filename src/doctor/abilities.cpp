#include "doctor/abilities.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/watch/source.h"

namespace lastbyte::doctor {
namespace {

Ability can_watch(kernel::Level level) {
  kernel::SourceSettings settings;
  settings.ring_bytes = 4096;
  const auto opened = kernel::open_source(settings, level);
  return {.name = std::string(kernel::level_word(level)),
          .there = opened.has_value(),
          .why_not = opened ? "" : opened.error().detail};
}

/// Calls io_uring_setup with arguments that it refuses: the kernel checks for EPERM and ENOSYS before the arguments.
Ability can_io_uring() {
  if (::syscall(SYS_io_uring_setup, 0, nullptr) >= 0 || (errno != EPERM && errno != ENOSYS))
    return {.name = "io_uring", .there = true};
  const int code = errno;
  return {.name = "io_uring", .there = false, .why_not = failure("io_uring_setup(2)", code).value().text()};
}

}  // namespace

std::vector<Ability> abilities() {
  std::vector<Ability> all;
  for (const kernel::Level level :
       {kernel::Level::typed, kernel::Level::raw, kernel::Level::tracefs, kernel::Level::counters})
    all.push_back(can_watch(level));
  const auto sockets = kernel::list_sockets(static_cast<std::uint32_t>(::getpid()));
  all.push_back({.name = "iter/task", .there = sockets.has_value(), .why_not = sockets ? "" : sockets.error().text()});
  all.push_back(can_io_uring());
  return all;
}

}  // namespace lastbyte::doctor
