// A server that does to each request what the request's head says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/wakeup.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

/// The last request whose fault has been done, shared by the servers of a run: a fault meets the first connection that
/// brings the request, and no other try of it.
using LastHit = std::atomic<std::uint64_t>;

/// Serves one connection after the other, on a thread of its own. All calls are one thread's.
class Member {
 public:
  /// On 127.0.0.1. `network`: descriptor of the namespace; it and `last_hit` outlive
  /// it. `restarts`: it does so where a request asks for it.
  static Result<std::unique_ptr<Member>> start(int network, LastHit& last_hit, bool restarts);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Nobody listens any more, and what was under way is reset.
  void leave();
  /// Listens again at the same port, where it had left or a restart has begun. Fails where the port is taken.
  Result<void> come_back();
  /// Whether SYNs are swallowed.
  void vanish(bool gone) const;

 private:
  Member(int network, LastHit& last_hit, bool restarts) : network_(network), last_hit_(last_hit), restarts_(restarts) {}
  Result<void> listen();
  void serve();
  void serve_one(Descriptor client);
  /// Whether the fault of this request is still to be done. A proxy may bring a request whose client has long gone.
  bool hits(std::uint64_t number);
  /// Closes those that stall and whose clients have gone.
  void drop_deserted();

  int network_;
  LastHit& last_hit_;
  bool restarts_;
  net::Address address_;
  Descriptor listening_;
  std::unique_ptr<loop::Wakeup> stop_;
  std::atomic<bool> restarting_ = false;
  std::vector<Descriptor> stalled_;  ///< the thread's
  std::thread thread_;
};

}  // namespace lastbyte::lab::resilience
