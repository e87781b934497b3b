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
  std::uint64_t after = 0;                 ///< sessions with a larger number
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
  void leaves(DatagramSession& session);

 private:
  void begin_look();
  void begin_order();
  void step_look();
  void step_order();

  Host host_;
  std::deque<std::shared_ptr<const Look>> looks_;  ///< the first one is in progress
  std::deque<std::shared_ptr<const EndOrder>> orders_;
  // Each goes through the sessions of streams first, and then through those of datagrams.
  Walk<SessionList> look_{host_.sessions};
  Walk<DatagramSessions> look_at_datagrams_{host_.datagrams.sessions()};
  Walk<SessionList> order_{host_.sessions};
  Walk<DatagramSessions> order_to_datagrams_{host_.datagrams.sessions()};
  std::chrono::system_clock::time_point today_;  ///< of this slice
  std::size_t ended_ = 0;                        ///< sessions ended by the current order
};

}  // namespace lastbyte::relay
