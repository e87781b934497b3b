#include "proxy/process/io_choice.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/descriptor.h"
#include "loop/send_ring.h"

namespace lastbyte::proxy {
namespace {

std::string advice(int error) {
  switch (error) {
    case ENOSYS:
    case EINVAL: return "it needs Linux 6.1";
    case EPERM:
    case EACCES: return "kernel.io_uring_disabled or a seccomp profile forbids it";
    case ENOMEM: return "it needs memory, or a larger RLIMIT_MEMLOCK";
    default: return {};
  }
}

/// Tries io_uring by sending a byte, because a profile may forbid only the use of a ring.
Result<void> try_ring() {
  auto ring = loop::make_send_ring();
  if (!ring) return Failure(ring.error());
  std::array<int, 2> made{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made.data()) != 0) return failure_from_errno("socketpair");
  const Descriptor ours(made[0]);
  const Descriptor theirs(made[1]);
  const std::byte byte{};
  loop::Send send{.socket = ours.get(), .bytes = std::span(&byte, 1)};
  if ((*ring)->send(std::span(&send, 1)) != 1) return failure_from_errno("io_uring_enter");
  if (send.result < 0) return failure("send by io_uring", static_cast<int>(-send.result));
  return {};
}

}  // namespace

Result<IoChoice> choose_io(config::Io wanted, const Result<void>& trial) {
  const auto why = [&] { return Error{trial.error().operation, trial.error().code, advice(trial.error().code)}; };
  switch (wanted) {
    case config::Io::epoll: return IoChoice{.ring = false, .story = "epoll"};
    case config::Io::io_uring:
      if (!trial)
        return failure("io: io-uring: " + why().operation, why().code,
                       why().detail + (why().detail.empty() ? "" : "; ") + "use io: auto to start without it");
      return IoChoice{.ring = true, .story = "io-uring"};
    case config::Io::automatic:
      if (!trial) return IoChoice{.ring = false, .story = "epoll, chosen by io: auto (" + why().text() + ")"};
      return IoChoice{.ring = true, .story = "io-uring, chosen by io: auto"};
  }
  return IoChoice{};
}

Result<IoChoice> choose_io(config::Io wanted) {
  return choose_io(wanted, wanted == config::Io::epoll ? Result<void>() : try_ring());
}

}  // namespace lastbyte::proxy
