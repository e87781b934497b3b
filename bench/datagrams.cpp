// The load of datagrams: sends numbered ones at a fixed rate over several sockets, and counts the echoes.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <thread>

#include "bench/load.h"

namespace lastbyte::bench {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::chrono::milliseconds kLastEchoes{50};

struct Batch {
  explicit Batch(std::size_t size) : bytes(kBatch * size) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts[i] = {bytes.data() + i * size, size};
      headers[i].msg_hdr.msg_iov = &parts[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::vector<std::byte> bytes;
  std::array<iovec, kBatch> parts{};
  std::array<mmsghdr, kBatch> headers{};
};

/// Receives the waiting datagrams of every socket.
std::uint64_t collect(const std::vector<Descriptor>& sockets, Batch& batch) {
  std::uint64_t came = 0;
  for (const Descriptor& socket : sockets) {
    for (;;) {
      const int got = ::recvmmsg(socket.get(), batch.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
      if (got <= 0) break;  // nothing waits, or an ICMP error came: both count as loss
      came += static_cast<std::uint64_t>(got);
      if (got < static_cast<int>(kBatch)) break;
    }
  }
  return came;
}

/// Waits for one echo on each socket, so that every session exists before the measurement.
void warm_up(const std::vector<Descriptor>& sockets, std::size_t size) {
  std::vector<std::byte> message(size);
  for (const Descriptor& socket : sockets) {
    int tries = 0;
    for (bool echoed = false; !echoed;) {
      if (++tries > 50) die("a datagram was not echoed");
      ::send(socket.get(), message.data(), size, 0);
      const auto end = Clock::now() + std::chrono::milliseconds(100);
      while (!echoed && Clock::now() < end) echoed = ::recv(socket.get(), message.data(), size, MSG_DONTWAIT) >= 0;
    }
  }
}

class Datagrams : public Load {
 public:
  explicit Datagrams(const Options& options)
      : options_(options), out_(options.message_bytes), in_(options.message_bytes) {
    for (std::size_t i = 0; i < options.connections; ++i) open_.push_back(datagrams_to(options.address));
    warm_up(open_, options.message_bytes);
  }

  Result slice(Clock::duration duration) override {
    Result result;
    collect(open_, in_);  // takes the echoes of repeated warm-ups
    const auto begin = Clock::now();
    const double per_second = static_cast<double>(options_.rate);
    for (auto now = begin; now - begin < duration; now = Clock::now()) {
      const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now - begin).count() * per_second);
      while (result.sent < due) {
        // A burst makes up for late wake-ups, so that the rate holds whatever the scheduler does.
        const auto count = static_cast<unsigned>(std::min<std::uint64_t>(due - result.sent, kBatch));
        const int sent = ::sendmmsg(open_[turn_++ % open_.size()].get(), out_.headers.data(), count, 0);
        result.sent += sent > 0 ? static_cast<std::uint64_t>(sent) : 1;
      }
      result.operations += collect(open_, in_);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    result.elapsed = Clock::now() - begin;
    for (const auto end = Clock::now() + kLastEchoes; Clock::now() < end;) {
      result.operations += collect(open_, in_);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    result.bytes = result.operations * options_.message_bytes;
    return result;
  }

 private:
  Options options_;
  Batch out_;
  Batch in_;
  std::vector<Descriptor> open_;
  std::size_t turn_ = 0;
};

}  // namespace

std::unique_ptr<Load> make_datagrams(const Options& options) { return std::make_unique<Datagrams>(options); }

}  // namespace lastbyte::bench
