// A server that causes the fault that each request's head asks for.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/wakeup.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

/// The last request whose fault has happened. The servers of a run share it: a fault meets the first connection that
/// brings the request, and no later try of that request.
using LastHit = std::atomic<std::uint64_t>;

/// Serves one connection after another, on a thread of its own. One thread makes all calls.
class Member {
 public:
  /// Listens at a port of `host`. `network` is a namespace's descriptor; it and `last_hit` must outlive the member.
  /// `restarts`: the member restarts when a request asks for it.
  static Result<std::unique_ptr<Member>> start(int network, const net::Address& host, LastHit& last_hit, bool restarts);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Stops listening and resets the present connections.
  void leave();
  /// Listens again on the same port, after leave() or a restart. Fails if the port is taken.
  Result<void> come_back();
  /// Whether the host swallows SYNs.
  void vanish(bool gone);

 private:
  Member(int network, LastHit& last_hit, bool restarts) : network_(network), last_hit_(last_hit), restarts_(restarts) {}
  Result<void> listen();
  void serve();
  void serve_one(Descriptor client);
  /// Serves a connection, but does not close it.
  void answer(Descriptor& client);
  /// Whether this request's fault has not happened yet. A proxy may bring a request whose client is long gone.
  bool hits(std::uint64_t number);
  /// Closes stalled connections whose clients have gone.
  void drop_deserted();

  int network_;
  LastHit& last_hit_;
  bool restarts_;
  net::Address address_;
  std::mutex closing_;  ///< held while the member's thread closes `listening_`, and while another one uses it
  Descriptor listening_;
  std::unique_ptr<loop::Wakeup> stop_;
  std::atomic<bool> restarting_ = false;
  bool resets_ = false;              ///< the present connection; used by the member's thread only
  std::vector<Descriptor> stalled_;  ///< used by the member's thread only
  std::thread thread_;
};

}  // namespace lastbyte::lab::resilience
