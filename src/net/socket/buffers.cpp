#include "net/socket/buffers.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "base/descriptor.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

constexpr int kSendLock = 1;  // SOCK_SNDBUF_LOCK of include/net/sock.h: SO_BUF_LOCK takes these bits
constexpr int kReceiveLock = 2;

std::optional<int> option_of(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  if (::getsockopt(fd, SOL_SOCKET, option, &value, &length) != 0) return std::nullopt;
  return value;
}

Descriptor one_like(int fd) {
  const auto domain = option_of(fd, SO_DOMAIN);
  const auto type = option_of(fd, SO_TYPE);
  const auto protocol = option_of(fd, SO_PROTOCOL);
  if (!domain || !type || !protocol) return {};
  return Descriptor(::socket(*domain, *type | SOCK_CLOEXEC, *protocol));
}

/// Requests half the size: the kernel doubles it (net/core/sock.c __sock_set_rcvbuf).
bool size_as(int fd, int fresh, int option, int forced) {
  const auto size = option_of(fresh, option);
  if (!size) return false;
  return set_integer(fd, SOL_SOCKET, forced, *size / 2) || set_integer(fd, SOL_SOCKET, option, *size / 2);
}

}  // namespace

bool can_take_buffers_back() {
  static const bool kCan = [] {
    const Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return probe && option_of(probe.get(), SO_BUF_LOCK).has_value();
  }();
  return kCan;
}

int take_buffers_back(int fd, bool send, bool receive) {
  const auto locks = option_of(fd, SO_BUF_LOCK);
  if (!locks) return errno;
  const Descriptor fresh = one_like(fd);
  if (!fresh) return errno;
  if (send && !size_as(fd, fresh.get(), SO_SNDBUF, SO_SNDBUFFORCE)) return errno;
  if (receive && !size_as(fd, fresh.get(), SO_RCVBUF, SO_RCVBUFFORCE)) return errno;
  const int kept = *locks & ~(send ? kSendLock : 0) & ~(receive ? kReceiveLock : 0);
  return set_integer(fd, SOL_SOCKET, SO_BUF_LOCK, kept) ? 0 : errno;
}

}  // namespace lastbyte::net
