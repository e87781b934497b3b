#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

constexpr std::uint64_t kPieceBytes = 64ULL << 20U;
constexpr std::uint64_t kWarmUpBytes = 16ULL << 20U;
constexpr std::size_t kReadBytes = 256 * 1024;

void ask_for(int fd, std::uint64_t bytes) {
  if (::send(fd, &bytes, sizeof bytes, MSG_NOSIGNAL) != sizeof bytes) die_errno("send");
}

void warm_up(int fd, std::vector<std::byte>& buffer) {
  ask_for(fd, kWarmUpBytes);
  for (std::uint64_t left = kWarmUpBytes; left > 0;) {
    const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) die_errno("the warm-up ended early");
    left -= static_cast<std::uint64_t>(got);
  }
}

}  // namespace

Result run_bulk(const Options& options) {
  Result result;
  std::vector<std::byte> buffer(kReadBytes);
  std::vector<std::uint64_t> left(options.connections, kPieceBytes);
  const Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (std::size_t i = 0; i < options.connections; ++i) {
    Descriptor fd = connect_to(options.address);
    warm_up(fd.get(), buffer);
    set_nonblocking(fd.get());
    watch(epoll.get(), fd.get(), EPOLLIN, i);
    result.open.push_back(std::move(fd));
  }
  wait_for_go();

  const auto begin = Clock::now();
  const auto deadline = begin + options.duration;
  for (const auto& fd : result.open) ask_for(fd.get(), kPieceBytes);
  std::array<epoll_event, 64> events{};
  for (std::size_t active = options.connections; active > 0;) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), remaining_ms(deadline));
    for (int i = 0; i < ready; ++i) {
      const auto index = events[static_cast<std::size_t>(i)].data.u64;
      const int fd = result.open[index].get();
      const auto got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got < 0) die_errno("recv");
      if (got == 0) die("a transfer ended early");
      result.bytes += static_cast<std::uint64_t>(got);
      left[index] -= static_cast<std::uint64_t>(got);
      if (left[index] > 0) continue;
      ++result.operations;
      if (Clock::now() < deadline) {
        left[index] = kPieceBytes;
        ask_for(fd, kPieceBytes);
      } else {
        --active;
      }
    }
  }
  result.elapsed = Clock::now() - begin;
  return result;
}

}  // namespace lastbyte::bench
