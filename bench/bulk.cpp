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

class Bulk : public Load {
 public:
  explicit Bulk(const Options& options)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kReadBytes), left_(options.connections) {
    for (std::size_t i = 0; i < options.connections; ++i) {
      Descriptor fd = connect_to(options.address);
      ask_for(fd.get(), kWarmUpBytes);
      receive(fd.get(), buffer_, kWarmUpBytes);
      set_nonblocking(fd.get());
      watch(epoll_.get(), fd.get(), EPOLLIN, i);
      open_.push_back(std::move(fd));
    }
  }

  Result slice(Clock::duration duration) override {
    Result result;
    const auto begin = Clock::now();
    const auto deadline = begin + duration;
    for (std::size_t i = 0; i < open_.size(); ++i) ask(i);
    std::array<epoll_event, 64> events{};
    for (std::size_t active = open_.size(); active > 0;) {
      const int ready =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), remaining_ms(deadline));
      for (int i = 0; i < ready; ++i) {
        const auto index = events[static_cast<std::size_t>(i)].data.u64;
        const auto got = ::recv(open_[index].get(), buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EAGAIN) continue;
        if (got < 0) die_errno("recv");
        if (got == 0) die("a transfer ended early");
        result.bytes += static_cast<std::uint64_t>(got);
        left_[index] -= static_cast<std::uint64_t>(got);
        if (left_[index] > 0) continue;
        ++result.operations;
        if (Clock::now() < deadline) {
          ask(index);
        } else {
          --active;
        }
      }
    }
    result.elapsed = Clock::now() - begin;
    return result;
  }

 private:
  void ask(std::size_t index) {
    left_[index] = kPieceBytes;
    ask_for(open_[index].get(), kPieceBytes);
  }

  Descriptor epoll_;
  std::vector<std::byte> buffer_;
  std::vector<std::uint64_t> left_;
  std::vector<Descriptor> open_;
};

}  // namespace

std::unique_ptr<Load> make_bulk(const Options& options) { return std::make_unique<Bulk>(options); }

}  // namespace lastbyte::bench
