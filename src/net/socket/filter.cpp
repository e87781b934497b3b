#include "net/socket/filter.h"

#include <sys/socket.h>

#include <cerrno>

namespace lastbyte::net {

int attach_filter(int fd, std::span<const sock_filter> program) {
  // The kernel copies the instructions and does not change them.
  const sock_fprog attached{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0 ? 0 : errno;
}

int detach_filter(int fd) {
  const int unused = 0;
  if (::setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) == 0 || errno == ENOENT) return 0;
  return errno;
}

}  // namespace lastbyte::net
