// Source addresses of a forwarding that are skipped for a while, because a session could not be made from them. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "net/address/source.h"
#include "relay/context/listener.h"

namespace lastbyte::relay {

/// A source that has no port left, or that this host does not have now, fails for every new client. It is retried after
/// 10 ms, then after twice as long each time, at most 1 s (AcceptBackoff).
class RestingSources {
 public:
  /// The most sources remembered at once. With transparent sources, strangers choose them, so their number needs a
  /// bound.
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
