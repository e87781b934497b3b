#include "check/deaf.h"

#include <linux/filter.h>
#include <sys/socket.h>

namespace lastbyte::check {

bool set_deaf(int fd, bool deaf) {
  if (!deaf) {
    const int unused = 0;
    return ::setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) == 0;
  }
  // One instruction of classic BPF: keep 0 bytes of every packet.
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace lastbyte::check
