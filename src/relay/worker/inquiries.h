// What operators ask of a worker's sessions, and have done to them: a slice of the sessions a round, so that no round
// grows with their number (T12). The worker's thread alone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/time.h"
#include "relay/datagram/relay.h"
#include "relay/stream/session.h"
#include "relay/terms/view.h"
#include "relay/worker/walk.h"

namespace lastbyte::relay {

/// Looks at open sessions. All functions are called on the worker's thread, and must not throw.
struct Look {
  Session::Detail detail = Session::Detail::figures;
  std::optional<std::uint64_t> id;         ///< this one alone
  std::function<void(SessionView)> visit;  ///< each
  std::function<void()> done;              ///< once, after the last
};

/// Ends open sessions. Those of datagrams end at once.
struct EndOrder {
  std::optional<std::uint64_t> id;        ///< this one alone
  std::optional<std::string> forwarding;  ///< those that began under it
  std::optional<Duration> within;         ///< how long they may finish; nullopt: they are reset now
  std::function<void(std::size_t ended)> done;
};

class Inquiries {
 public:
  /// UDP sessions that a look at all visits at most: they are not visited in slices.
  static constexpr std::size_t kMostDatagramSessions = 4096;

  struct Host {
    Context& context;
    SessionList& sessions;
    DatagramRelay& datagrams;
    /// Does something for a session; it may leave the list by that.
    std::function<void(Session&, const std::function<void()>&)> attempt;
  };
  explicit Inquiries(Host host) : host_(std::move(host)) {}

  void add(std::shared_ptr<const Look> look);
  void add(std::shared_ptr<const EndOrder> order);
  [[nodiscard]] bool under_way() const { return !looks_.empty() || !orders_.empty(); }
  /// Once a round.
  void step();
  /// The session is about to leave the list.
  void leaves(Session& session);

 private:
  void begin_look();
  void begin_order();
  void step_order();

  Host host_;
  std::deque<std::shared_ptr<const Look>> looks_;  ///< the first one is under way
  std::deque<std::shared_ptr<const EndOrder>> orders_;
  Walk<SessionList> look_{host_.sessions};
  Walk<SessionList> order_{host_.sessions};
  bool ends_datagrams_ = false;  ///< the order that is under way may have sessions of datagrams left to end
  std::size_t ended_ = 0;        ///< by the order that is under way
};

}  // namespace lastbyte::relay
