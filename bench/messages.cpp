#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

std::vector<Descriptor> connect_and_warm_up(const Options& options, std::vector<std::byte>& message) {
  std::vector<Descriptor> open;
  for (std::size_t i = 0; i < options.connections; ++i) {
    open.push_back(connect_to(options.address));
    exchange(open.back().get(), message);
  }
  return open;
}

class Messages : public Load {
 public:
  explicit Messages(const Options& options)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        message_(options.message_bytes),
        under_way_(options.connections),
        open_(connect_and_warm_up(options, message_)) {
    latencies().reserve(4'000'000);
    for (std::size_t i = 0; i < open_.size(); ++i) {
      set_nonblocking(open_[i].get());
      watch(epoll_.get(), open_[i].get(), EPOLLIN, i);
    }
  }

  Result slice(Clock::duration duration) override {
    Result result;
    const auto begin = Clock::now();
    const auto deadline = begin + duration;
    for (std::size_t i = 0; i < open_.size(); ++i) send_message(i, Clock::now());
    std::array<epoll_event, 256> events{};
    for (std::size_t active = open_.size(); active > 0;) {
      const int ready =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), remaining_ms(deadline));
      for (int i = 0; i < ready; ++i) {
        const auto index = events[static_cast<std::size_t>(i)].data.u64;
        if (!receive_echo(index)) continue;
        const auto now = Clock::now();
        took(now - under_way_[index].begun);
        ++result.operations;
        if (now < deadline) {
          send_message(index, now);
        } else {
          --active;
        }
      }
    }
    result.elapsed = Clock::now() - begin;
    result.bytes = result.operations * message_.size();
    return result;
  }

 private:
  struct Exchange {
    std::size_t missing = 0;  ///< bytes missing from the echo
    Clock::time_point begun;
  };

  void send_message(std::size_t index, Clock::time_point now) {
    under_way_[index] = {.missing = message_.size(), .begun = now};
    send_all(open_[index].get(), message_);
  }

  /// Returns true if the echo is complete.
  bool receive_echo(std::size_t index) {
    const auto got = ::recv(open_[index].get(), message_.data(), under_way_[index].missing, 0);
    if (got < 0 && errno == EAGAIN) return false;
    if (got < 0) die_errno("recv");
    if (got == 0) die("a connection ended");
    under_way_[index].missing -= static_cast<std::size_t>(got);
    return under_way_[index].missing == 0;
  }

  Descriptor epoll_;
  std::vector<std::byte> message_;
  std::vector<Exchange> under_way_;
  std::vector<Descriptor> open_;
};

class Idle : public Load {
 public:
  explicit Idle(const Options& options) : options_(options) {}

  Result slice(Clock::duration /*duration*/) override {
    Result result;
    std::vector<std::byte> message(options_.message_bytes);
    const auto begin = Clock::now();
    open_ = connect_and_warm_up(options_, message);
    result.operations = open_.size();
    result.elapsed = Clock::now() - begin;
    return result;
  }

 private:
  Options options_;
  std::vector<Descriptor> open_;
};

}  // namespace

std::unique_ptr<Load> make_messages(const Options& options) { return std::make_unique<Messages>(options); }
std::unique_ptr<Load> make_idle(const Options& options) { return std::make_unique<Idle>(options); }

}  // namespace lastbyte::bench
