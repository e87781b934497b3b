#include "loop/epoll.h"

#include <cerrno>

namespace lastbyte::loop {

Result<Epoll> Epoll::create() {
  Descriptor descriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!descriptor) return failure_from_errno("epoll_create1");
  return Epoll(std::move(descriptor));
}

int Epoll::add(int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(descriptor_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int Epoll::change(int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(descriptor_.get(), EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : errno;
}

void Epoll::remove(int fd) { epoll_ctl(descriptor_.get(), EPOLL_CTL_DEL, fd, nullptr); }

Epoll::Waited Epoll::wait(std::span<epoll_event> room, int timeout_ms) {
  const int count = epoll_wait(descriptor_.get(), room.data(), static_cast<int>(room.size()), timeout_ms);
  if (count < 0) return {.events = {}, .interrupted = errno == EINTR};
  return {.events = room.first(static_cast<std::size_t>(count))};
}

}  // namespace lastbyte::loop
