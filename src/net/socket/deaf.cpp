#include "net/socket/deaf.h"

#include <array>

#include "net/socket/filter.h"

namespace lastbyte::net {

int set_deaf(int fd, bool deaf) {
  constexpr std::array kKeepNothing{sock_filter{BPF_RET | BPF_K, 0, 0, 0}};
  return deaf ? attach_filter(fd, kKeepNothing) : detach_filter(fd);
}

}  // namespace lastbyte::net
