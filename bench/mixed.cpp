// The load of bulk together with small messages: what bulk costs the messages that share the proxy with it.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

constexpr std::uint64_t kMixedPieceBytes = 1ULL << 20U;
constexpr std::size_t kBulkConnections = 4;
constexpr std::size_t kMixedReadBytes = 256 * 1024;

/// Requests on some connections at a fixed rate. A request waits until a connection is free. Its time begins when it
/// was due.
struct Paced {
  std::uint64_t answer_bytes = 0;
  double per_second = 0;
  bool timed = false;
  std::vector<std::size_t> free = {};  ///< free connections
  std::uint64_t made = 0;              ///< requests in this slice
};

class Mixed : public Load {
 public:
  explicit Mixed(const Options& options) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kMixedReadBytes) {
    small_ = {.answer_bytes = options.message_bytes, .per_second = static_cast<double>(options.rate), .timed = true};
    bulk_ = {.answer_bytes = kMixedPieceBytes,
             .per_second = static_cast<double>(options.bulk_rate) / static_cast<double>(kMixedPieceBytes)};
    for (std::size_t i = 0; i < options.connections; ++i) add(options, small_);
    for (std::size_t i = 0; i < kBulkConnections; ++i) add(options, bulk_);
  }

  Result slice(Clock::duration duration) override {
    result_ = {};
    small_.made = bulk_.made = 0;
    begin_ = Clock::now();
    const auto deadline = begin_ + duration;
    std::array<epoll_event, 64> events{};
    for (;;) {
      const auto now = Clock::now();
      const bool over = now >= deadline;
      if (!over) {
        start_due(small_, now);
        start_due(bulk_, now);
      } else if (under_way_ == 0) {
        break;
      }
      // A wait of at most a millisecond is fine enough for both rates.
      const int timeout = over ? remaining_ms(deadline) : 1;
      const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
      for (int i = 0; i < ready; ++i) advance(events[static_cast<std::size_t>(i)].data.u64);
    }
    result_.elapsed = Clock::now() - begin_;
    return result_;
  }

 private:
  struct Connection {
    Descriptor fd;
    Paced* kind = nullptr;
    std::uint64_t missing = 0;  ///< bytes missing from the answer
    Clock::time_point due{};
  };

  void add(const Options& options, Paced& kind) {
    Connection added{.fd = connect_to(options.address), .kind = &kind};
    ask_for(added.fd.get(), kind.answer_bytes);
    receive(added.fd.get(), buffer_, kind.answer_bytes);
    set_nonblocking(added.fd.get());
    watch(epoll_.get(), added.fd.get(), EPOLLIN, connections_.size());
    kind.free.push_back(connections_.size());
    connections_.push_back(std::move(added));
  }

  void start_due(Paced& kind, Clock::time_point now) {
    const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - begin_).count() * kind.per_second);
    while (kind.made < due && !kind.free.empty()) {
      ++kind.made;
      const std::chrono::duration<double> at(static_cast<double>(kind.made) / kind.per_second);
      Connection& connection = connections_[kind.free.back()];
      kind.free.pop_back();
      connection.missing = kind.answer_bytes;
      connection.due = begin_ + std::chrono::duration_cast<Clock::duration>(at);
      ask_for(connection.fd.get(), kind.answer_bytes);
      ++under_way_;
    }
  }

  void advance(std::size_t index) {
    Connection& connection = connections_[index];
    const auto got = ::recv(connection.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) die_errno("recv");
    if (got == 0) die("a connection ended");
    connection.missing -= static_cast<std::uint64_t>(got);
    result_.bytes += static_cast<std::uint64_t>(got);
    if (connection.missing > 0) return;
    --under_way_;
    connection.kind->free.push_back(index);
    if (!connection.kind->timed) return;
    ++result_.operations;
    took(Clock::now() - connection.due);
  }

  Descriptor epoll_;
  std::vector<std::byte> buffer_;
  std::vector<Connection> connections_;
  Paced small_;
  Paced bulk_;
  std::size_t under_way_ = 0;
  Clock::time_point begin_;
  Result result_;
};

}  // namespace

std::unique_ptr<Load> make_mixed(const Options& options) { return std::make_unique<Mixed>(options); }

}  // namespace lastbyte::bench
