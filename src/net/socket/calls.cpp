#include "net/socket/calls.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

/// `name` is getsockname(2) or getpeername(2).
template <typename Name>
Address address_by(Name name, int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (name(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  return Address::from_kernel(reinterpret_cast<sockaddr*>(&address), length);
}

}  // namespace

bool shares_port(int fd) {
  int shared = 0;
  socklen_t length = sizeof shared;
  return ::getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, &length) == 0 && shared != 0;
}

bool share_port(int fd, bool shared) { return set_integer(fd, SOL_SOCKET, SO_REUSEPORT, shared ? 1 : 0); }

std::uint32_t unacknowledged(int fd) {
  int bytes = 0;
  if (::ioctl(fd, SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::uint32_t>(bytes);
}

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

void reset_and_close(Descriptor& socket) {
  if (!socket) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  socket.close();
}

Address local_address(int fd) { return address_by(::getsockname, fd); }

Address peer_address(int fd) { return address_by(::getpeername, fd); }

bool is_its_own_peer(int fd) {
  const Address self = local_address(fd);
  return !self.none() && self == peer_address(fd);
}

}  // namespace lastbyte::net
