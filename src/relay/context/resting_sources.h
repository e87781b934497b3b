// Which source addresses of a forwarding rest for a while, because a session could not be made from them. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "net/address/source.h"
#include "relay/context/listener.h"

namespace lastbyte::relay {

/// A source that has no port left, or that is no address of this machine now, fails for every new client. It is tried
/// again after 10 ms, then after twice as long each time, at most 1 s (AcceptBackoff).
class RestingSources {
 public:
  /// Where a client is its own source, strangers choose them: beyond so many at once, none is remembered.
  static constexpr std::size_t kMost = 64;

  [[nodiscard]] bool none() const { return resting_.empty(); }
  [[nodiscard]] bool rests(const net::Source& source, TimePoint now) const;
  void failed(const net::Source& source, TimePoint now);
  void recovered(const net::Source& source);

 private:
  struct Resting {
    net::Source source;
    AcceptBackoff backoff;
    TimePoint until;
  };
  std::vector<Resting> resting_;
};

}  // namespace lastbyte::relay
