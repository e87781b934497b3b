// Accepts stream clients for one worker from its listening sockets, within the limits, and pauses while descriptors or
// memory are short.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "loop/timer_wheel.h"
#include "net/address/address.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/context/listening.h"
#include "relay/context/listening_sockets.h"
#include "relay/terms/counters.h"

namespace lastbyte::relay {

class Acceptor {
 public:
  struct Host {
    Context& context;
    Counters& counters;
    unsigned worker = 0;  ///< its number
    /// Begins a session for a client that was admitted, or that must first send its PROXY header. False: memory is
    /// short, and nothing was done.
    std::function<bool(ListenerState&, Descriptor& client, const net::Address&)> begin;
    /// Reports a shortage to the operator. It may not call `words` at all.
    std::function<void(const std::function<std::string()>& words)> report_shortage;
  };
  explicit Acceptor(Host host) : host_(std::move(host)), context_(host_.context), sockets_(host_.worker) {}

  /// Serves these from now on, and nothing else (Worker::serve()).
  void serve(std::vector<Listening> listenings);
  /// Worker::update().
  void update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots) { sockets_.update(snapshots); }
  /// Closes all listening sockets.
  void stop();

  /// Called when a client waits in the backlog.
  void on_event(ListeningSocket& listening);
  /// Fires when accepting is to be tried again.
  [[nodiscard]] loop::Timer* timer() { return &timer_; }
  void on_timer() { resume(); }
  /// Frees objects that events of this round may have pointed to.
  void bury() { sockets_.bury(); }

 private:
  bool accept_one(ListeningSocket& listening);
  void accept_failed(ListeningSocket& listening, int error);
  bool begin(ListenerState& state, Descriptor client, const net::Address& address);
  void pause(const ListenerState& state, int error);
  void rest(ListeningSocket& listening, int error);
  void try_again_at(TimePoint at);
  void resume();
  void look_at_leaving();
  void stop_watching(ListeningSocket& listening);
  void close(ListeningSocket& listening);

  Host host_;
  Context& context_;
  ListeningSockets sockets_;
  AcceptBackoff backoff_;
  loop::Timer timer_;
};

}  // namespace lastbyte::relay
