// Operators' queries and orders for a worker's sessions. Each round handles one slice of the sessions, so that no round
// grows with their number (T12). Runs on the worker's thread only.
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

/// A look at open sessions. All functions are called on the worker's thread, and must not throw.
struct Look {
  Session::Detail detail = Session::Detail::figures;
  std::optional<std::uint64_t> id;         ///< this session only
  std::function<void(SessionView)> visit;  ///< each
  std::function<void()> done;              ///< once, after the last
};

/// An order to end open sessions. Datagram sessions end at once.
struct EndOrder {
  std::optional<std::uint64_t> id;        ///< this session only
  std::optional<std::string> forwarding;  ///< the sessions that began under it
  std::optional<Duration> within;         ///< the time that they have to finish; nullopt: they are reset now
  std::function<void(std::size_t ended)> done;
};

class Inquiries {
 public:
  /// The most UDP sessions that a look at all sessions visits, because they are not visited in slices.
  static constexpr std::size_t kMostDatagramSessions = 4096;

  struct Host {
    Context& context;
    SessionList& sessions;
    DatagramRelay& datagrams;
    /// Runs the given work for a session, which may then leave the list.
    std::function<void(Session&, const std::function<void()>&)> attempt;
  };
  explicit Inquiries(Host host) : host_(std::move(host)) {}

  void add(std::shared_ptr<const Look> look);
  void add(std::shared_ptr<const EndOrder> order);
  [[nodiscard]] bool under_way() const { return !looks_.empty() || !orders_.empty(); }
  /// Called once a round.
  void step();
  /// Called before the session leaves the list.
  void leaves(Session& session);

 private:
  void begin_look();
  void begin_order();
  void step_order();

  Host host_;
  std::deque<std::shared_ptr<const Look>> looks_;  ///< the first one is in progress
  std::deque<std::shared_ptr<const EndOrder>> orders_;
  Walk<SessionList> look_{host_.sessions};
  Walk<SessionList> order_{host_.sessions};
  bool ends_datagrams_ = false;  ///< the current order may have datagram sessions left to end
  std::size_t ended_ = 0;        ///< sessions ended by the current order
};

}  // namespace lastbyte::relay
