#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

struct Exchange {
  std::size_t missing = 0;  ///< bytes of the echo
  Clock::time_point begun;
};

std::vector<Descriptor> connect_and_warm_up(const Options& options, std::vector<std::byte>& message) {
  std::vector<Descriptor> open;
  for (std::size_t i = 0; i < options.connections; ++i) {
    open.push_back(connect_to(options.address));
    exchange(open.back().get(), message);
  }
  return open;
}

}  // namespace

Result run_messages(const Options& options) {
  Result result;
  std::vector<std::byte> message(options.message_bytes);
  std::vector<Exchange> exchanges(options.connections);
  const Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  result.open = connect_and_warm_up(options, message);
  result.latencies_ns.reserve(4'000'000);
  for (std::size_t i = 0; i < options.connections; ++i) {
    set_nonblocking(result.open[i].get());
    watch(epoll.get(), result.open[i].get(), EPOLLIN, i);
  }
  wait_for_go();

  const auto begin = Clock::now();
  const auto deadline = begin + options.duration;
  const auto send_message = [&](std::size_t index, Clock::time_point now) {
    exchanges[index] = {.missing = message.size(), .begun = now};
    const auto sent = ::send(result.open[index].get(), message.data(), message.size(), MSG_NOSIGNAL);
    if (sent != std::ssize(message)) die_errno("send");
  };
  for (std::size_t i = 0; i < options.connections; ++i) send_message(i, Clock::now());
  std::array<epoll_event, 256> events{};
  for (std::size_t active = options.connections; active > 0;) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), remaining_ms(deadline));
    for (int i = 0; i < ready; ++i) {
      const auto index = events[static_cast<std::size_t>(i)].data.u64;
      auto& under_way = exchanges[index];
      const auto got = ::recv(result.open[index].get(), message.data(), under_way.missing, 0);
      if (got < 0 && errno == EAGAIN) continue;
      if (got < 0) die_errno("recv");
      if (got == 0) die("a connection ended");
      under_way.missing -= static_cast<std::size_t>(got);
      if (under_way.missing > 0) continue;
      const auto now = Clock::now();
      result.latencies_ns.push_back(static_cast<std::uint32_t>((now - under_way.begun).count()));
      ++result.operations;
      if (now < deadline) {
        send_message(index, now);
      } else {
        --active;
      }
    }
  }
  result.elapsed = Clock::now() - begin;
  result.bytes = result.operations * message.size();
  return result;
}

Result run_idle(const Options& options) {
  Result result;
  std::vector<std::byte> message(options.message_bytes);
  wait_for_go();
  const auto begin = Clock::now();
  result.open = connect_and_warm_up(options, message);
  result.operations = options.connections;
  result.elapsed = Clock::now() - begin;
  return result;
}

}  // namespace lastbyte::bench
