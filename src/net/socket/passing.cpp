#include "net/socket/passing.h"

#include <sys/socket.h>

#include "net/socket/set_options.h"

namespace lastbyte::net {

void refuse_ancillary(int fd) {
  constexpr int kPassPidfd = 76;  // SO_PASSPIDFD of asm-generic/socket.h, since Linux 6.5
  for (const int option : {SO_PASSCRED, SO_PASSSEC, kPassPidfd}) set_integer(fd, SOL_SOCKET, option, 0);
}

void let_descriptors_pass(int fd, bool allowed) {
  constexpr int kPassRights = 83;  // SO_PASSRIGHTS of asm-generic/socket.h
  set_integer(fd, SOL_SOCKET, kPassRights, allowed ? 1 : 0);
}

}  // namespace lastbyte::net
