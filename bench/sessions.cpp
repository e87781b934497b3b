#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

// 127.0.0.2 and so on: each has its own ports to a destination, so that TIME_WAIT does not stop the load (T13).
constexpr std::uint8_t kFirstSource = 2;
constexpr std::uint8_t kSources = 16;

struct Slot {
  Descriptor fd;
  std::size_t missing = 0;  ///< bytes of the echo; 0: only the FIN is missing
  Clock::time_point begun;
};

class Sessions {
 public:
  explicit Sessions(const Options& options)
      : options_(options),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        message_(options.message_bytes),
        slots_(options.connections) {
    result_.latencies_ns.reserve(1'000'000);
  }

  Result run() {
    warm_up();
    wait_for_go();
    const auto begin = Clock::now();
    deadline_ = begin + options_.duration;
    for (std::size_t i = 0; i < slots_.size(); ++i) start(i);
    std::array<epoll_event, 256> events{};
    for (active_ = slots_.size(); active_ > 0;) {
      const int ready =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), remaining_ms(deadline_));
      for (int i = 0; i < ready; ++i) advance(events[static_cast<std::size_t>(i)].data.u64);
    }
    result_.elapsed = Clock::now() - begin;
    result_.bytes = result_.operations * message_.size();
    return std::move(result_);
  }

 private:
  std::uint8_t next_source() {
    source_ = static_cast<std::uint8_t>((source_ + 1) % kSources);
    return static_cast<std::uint8_t>(kFirstSource + source_);
  }

  void warm_up() {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Descriptor fd = connect_to(options_.address, next_source());
      exchange(fd.get(), message_);
      ::shutdown(fd.get(), SHUT_WR);
      if (::recv(fd.get(), message_.data(), 1, 0) != 0) die_errno("the warm-up did not end with a FIN");
    }
  }

  void start(std::size_t index) {
    auto& slot = slots_[index];
    slot.begun = Clock::now();
    slot.fd = connect_to(options_.address, next_source());
    slot.missing = message_.size();
    const auto sent = ::send(slot.fd.get(), message_.data(), message_.size(), MSG_NOSIGNAL);
    if (sent != std::ssize(message_)) die_errno("send");
    watch(epoll_.get(), slot.fd.get(), EPOLLIN, index);
  }

  void advance(std::size_t index) {
    auto& slot = slots_[index];
    const auto got = ::recv(slot.fd.get(), message_.data(), message_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) die_errno("recv");
    if (slot.missing > 0) {
      if (got == 0) die("a session ended without its answer");
      slot.missing -= static_cast<std::size_t>(got);
      if (slot.missing == 0 && ::shutdown(slot.fd.get(), SHUT_WR) != 0) die_errno("shutdown");
      return;
    }
    if (got != 0) die("a session had more than its answer");
    slot.fd.close();
    const auto now = Clock::now();
    result_.latencies_ns.push_back(static_cast<std::uint32_t>((now - slot.begun).count()));
    ++result_.operations;
    if (now < deadline_) {
      start(index);
    } else {
      --active_;
    }
  }

  Options options_;
  Descriptor epoll_;
  std::vector<std::byte> message_;
  std::vector<Slot> slots_;
  std::size_t active_ = 0;
  std::uint8_t source_ = 0;
  Clock::time_point deadline_;
  Result result_;
};

}  // namespace

Result run_sessions(const Options& options) { return Sessions(options).run(); }

}  // namespace lastbyte::bench
