// A link between two network namespaces that delays, loses and reorders packets. It runs in user space, because not
// every kernel has netem. Needs CAP_NET_ADMIN and /dev/net/tun.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace lastbyte::wire {

/// One end of the link: a TUN device.
struct LinkEnd {
  int network = -1;     ///< descriptor of the namespace; the caller keeps it
  std::string device;   ///< the device's name in the namespace, at most 15 characters
  std::string address;  ///< IPv4
  std::string peer;     ///< the address at the other end
};

/// The behaviour of the link, the same in both directions.
struct LinkProfile {
  Duration delay{10};      ///< one way
  double loss = 0.01;      ///< share of the packets that are lost
  double reorder = 0.02;   ///< share of the remaining packets that are delayed by up to `delay` more
  std::uint64_t seed = 1;  ///< of the random choices
};

struct LinkCounts {
  std::uint64_t carried = 0;
  std::uint64_t lost = 0;
  std::uint64_t held_back = 0;
};

/// Carries packets on its own thread until it is destroyed.
class LossyLink {
 public:
  static Result<LossyLink> start(const LinkEnd& one, const LinkEnd& other, const LinkProfile& profile);
  ~LossyLink();
  LossyLink(LossyLink&&) noexcept;
  LossyLink& operator=(LossyLink&&) noexcept;

  [[nodiscard]] LinkCounts counts() const;

 private:
  class Impl;
  explicit LossyLink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::wire
