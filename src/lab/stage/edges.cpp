#include "lab/stage/edges.h"

#include <sys/epoll.h>

#include <cstdint>
#include <utility>

namespace lastbyte::lab {

Edges::Edges(int fd) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted);
}

std::string Edges::next(int wait_ms) {
  epoll_event event{};
  if (::epoll_wait(epoll_.get(), &event, 1, wait_ms) != 1) return "none";
  std::string out;
  for (const auto& [bit, name] :
       {std::pair(EPOLLIN, "IN"), std::pair(EPOLLPRI, "PRI"), std::pair(EPOLLOUT, "OUT"),
        std::pair(EPOLLRDHUP, "RDHUP"), std::pair(EPOLLHUP, "HUP"), std::pair(EPOLLERR, "ERR")})
    if ((event.events & static_cast<std::uint32_t>(bit)) != 0) out += (out.empty() ? "" : " ") + std::string(name);
  return out;
}

void Edges::settle() {
  while (next(30) != "none") {
  }
}

}  // namespace lastbyte::lab
