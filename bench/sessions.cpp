#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

// 127.0.0.2 and following: each source has its own ports to a destination, so that TIME_WAIT does not stop the load
// (T13).
constexpr std::uint8_t kFirstSource = 2;
constexpr std::uint8_t kSources = 16;

struct Slot {
  Descriptor fd;
  std::size_t missing = 0;  ///< bytes missing from the echo; 0: only the FIN is missing
  Clock::time_point begun;
};

class Sessions : public Load {
 public:
  explicit Sessions(const Options& options)
      : options_(options),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        message_(options.message_bytes),
        slots_(options.connections) {
    latencies().reserve(1'000'000);
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      free_.push_back(i);
      warm_up();
    }
  }

  Result slice(Clock::duration duration) override {
    result_ = {};
    started_ = 0;
    begin_ = Clock::now();
    const auto deadline = begin_ + duration;
    std::array<epoll_event, 256> events{};
    for (;;) {
      const auto now = Clock::now();
      const bool over = now >= deadline;
      if (!over) start_due(now);
      if (over && free_.size() == slots_.size()) break;
      const int timeout = over || options_.rate == 0 ? remaining_ms(deadline) : 1;
      const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
      for (int i = 0; i < ready; ++i) advance(events[static_cast<std::size_t>(i)].data.u64);
    }
    result_.elapsed = Clock::now() - begin_;
    result_.bytes = result_.operations * message_.size();
    return result_;
  }

 private:
  Descriptor connect() {
    source_ = static_cast<std::uint8_t>((source_ + 1) % kSources);
    return connect_to(options_.address, static_cast<std::uint8_t>(kFirstSource + source_));
  }

  void warm_up() {
    const Descriptor fd = connect();
    exchange(fd.get(), message_);
    ::shutdown(fd.get(), SHUT_WR);
    if (::recv(fd.get(), message_.data(), 1, 0) != 0) die_errno("the warm-up did not end with a FIN");
  }

  /// Starts sessions on all free connections, or as many as the rate makes due.
  void start_due(Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    const auto due = static_cast<std::uint64_t>(seconds * static_cast<double>(options_.rate));
    while (!free_.empty() && (options_.rate == 0 || started_ < due)) {
      start(free_.back());
      free_.pop_back();
      ++started_;
    }
  }

  void start(std::size_t index) {
    auto& slot = slots_[index];
    slot.begun = Clock::now();
    slot.fd = connect();
    slot.missing = message_.size();
    send_all(slot.fd.get(), message_);
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
      if (slot.missing > 0) return;
      if (options_.resets) {
        reset(slot.fd);
        return ended(index);
      }
      if (::shutdown(slot.fd.get(), SHUT_WR) != 0) die_errno("shutdown");
      return;
    }
    if (got != 0) die("a session had more than its answer");
    slot.fd.close();
    ended(index);
  }

  void ended(std::size_t index) {
    took(Clock::now() - slots_[index].begun);
    ++result_.operations;
    free_.push_back(index);
  }

  Options options_;
  Descriptor epoll_;
  std::vector<std::byte> message_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::uint64_t started_ = 0;  ///< sessions begun in this slice
  std::uint8_t source_ = 0;
  Clock::time_point begin_;
  Result result_;
};

}  // namespace

std::unique_ptr<Load> make_sessions(const Options& options) { return std::make_unique<Sessions>(options); }

}  // namespace lastbyte::bench
