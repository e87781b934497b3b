#include "wire/lossy_link.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
// After net/if.h: linux/if.h repeats parts of that header.
#include <linux/if_tun.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <queue>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "loop/wakeup.h"
#include "net/namespace/enter.h"
#include "wire/interface.h"

namespace lastbyte::wire {
namespace {

constexpr std::size_t kLargestPacket = 65536;
/// The size of a router's queue. Packets beyond it are lost.
constexpr std::size_t kMostUnderWay = 2000;

ifreq request_for(const std::string& device) {
  ifreq request{};
  std::memcpy(request.ifr_name, device.data(), std::min(device.size(), sizeof request.ifr_name - 1));
  return request;
}

/// Opens the device in the calling thread's namespace.
Result<Descriptor> open_device(const LinkEnd& end) {
  Descriptor device(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device) return failure_from_errno("open /dev/net/tun");
  ifreq request = request_for(end.device);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI);
  if (::ioctl(device.get(), TUNSETIFF, &request) != 0) return failure_from_errno("TUNSETIFF " + end.device);
  const auto up = set_up(end.device, {.own = end.address, .netmask = "255.255.255.255", .peer = end.peer});
  if (!up) return Failure(up.error());
  return device;
}

Result<Descriptor> open_device_inside(const LinkEnd& end) {
  Result<Descriptor> device = failure("open " + end.device, 0);
  const auto entered = net::run_inside(end.network, [&] { device = open_device(end); });
  if (!entered) return Failure(entered.error());
  return device;
}

struct Packet {
  TimePoint due;
  std::uint64_t number = 0;  ///< keeps packets with the same due time in order
  int to = -1;
  std::vector<std::byte> bytes;
};

struct Later {
  bool operator()(const Packet& a, const Packet& b) const {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
  }
};

}  // namespace

class LossyLink::Impl {
 public:
  Impl(Descriptor one, Descriptor other, const LinkProfile& profile)
      : one_(std::move(one)), other_(std::move(other)), profile_(profile), random_(profile.seed) {
    thread_ = std::thread([this] { carry(); });
  }
  ~Impl() {
    stopped_ = true;
    wakeup_.raise();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] LinkCounts counts() const { return {carried_.load(), lost_.load(), held_back_.load()}; }

 private:
  void carry() {
    while (!stopped_) {
      deliver_due();
      int wait = -1;
      if (!under_way_.empty()) {
        const auto left = std::chrono::ceil<Duration>(under_way_.top().due - Clock::now()).count();
        wait = static_cast<int>(std::max<Duration::rep>(left, 0));
      }
      std::array<pollfd, 3> polled{{{one_.get(), POLLIN, 0}, {other_.get(), POLLIN, 0}, {wakeup_.fd(), POLLIN, 0}}};
      ::poll(polled.data(), polled.size(), wait);
      if ((polled[0].revents & POLLIN) != 0) take(one_.get(), other_.get());
      if ((polled[1].revents & POLLIN) != 0) take(other_.get(), one_.get());
    }
  }

  void take(int from, int to) {
    while (true) {
      const ssize_t got = ::read(from, buffer_.data(), buffer_.size());
      if (got <= 0) return;
      if (chance() < profile_.loss || under_way_.size() >= kMostUnderWay) {
        ++lost_;
        continue;
      }
      TimePoint due = Clock::now() + profile_.delay;
      if (chance() < profile_.reorder) {
        due += std::chrono::duration_cast<Clock::duration>(profile_.delay * chance());
        ++held_back_;
      }
      under_way_.push({due, number_++, to, {buffer_.begin(), buffer_.begin() + got}});
    }
  }

  void deliver_due() {
    while (!under_way_.empty() && under_way_.top().due <= Clock::now()) {
      const Packet& packet = under_way_.top();
      if (::write(packet.to, packet.bytes.data(), packet.bytes.size()) > 0) ++carried_;
      under_way_.pop();
    }
  }

  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  Descriptor one_;
  Descriptor other_;
  LinkProfile profile_;
  std::mt19937_64 random_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kLargestPacket);
  std::priority_queue<Packet, std::vector<Packet>, Later> under_way_;
  std::uint64_t number_ = 0;
  std::atomic<std::uint64_t> carried_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::uint64_t> held_back_ = 0;
  std::atomic<bool> stopped_ = false;
  loop::Wakeup wakeup_;
  std::thread thread_;
};

Result<LossyLink> LossyLink::start(const LinkEnd& one, const LinkEnd& other, const LinkProfile& profile) {
  auto first = open_device_inside(one);
  if (!first) return Failure(first.error());
  auto second = open_device_inside(other);
  if (!second) return Failure(second.error());
  return LossyLink(std::make_unique<Impl>(std::move(*first), std::move(*second), profile));
}

LossyLink::LossyLink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LossyLink::~LossyLink() = default;
LossyLink::LossyLink(LossyLink&&) noexcept = default;
LossyLink& LossyLink::operator=(LossyLink&&) noexcept = default;
LinkCounts LossyLink::counts() const { return impl_->counts(); }

}  // namespace lastbyte::wire
