// A worker with one forwarding, an upstream for it, and the peers of its sessions, all in one process.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "relay/context/listening.h"
#include "relay/context/shared.h"
#include "relay/terms/counters.h"
#include "relay/terms/figures.h"
#include "relay/worker/worker.h"
#include "tests/harness/eventually.h"

namespace lastbyte::relay {

using lastbyte::test::eventually;

/// Sends until all is sent or refused, then a FIN; and reads to the end. `clean`: nothing failed. A failed send may
/// have taken the error that the read would tell (T10).
struct Peer {
  explicit Peer(Descriptor connected) : socket(std::move(connected)) {}
  void talk(std::size_t bytes);

  Descriptor socket;  ///< blocking; a call ends after 20 s
  std::size_t sent = 0;
  std::size_t received = 0;
  bool clean = false;
};

/// At its end the worker must have lost no place of a session.
class Stage {
 public:
  using Change = std::function<void(Forwarding&, Shared&)>;
  Stage(net::Transport client, net::Transport upstream, const Change& change = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Serves the same sockets under a forwarding of its own.
  void serve_anew();
  /// From now on the forwarding has a group, which looks like that.
  void serve_group(std::shared_ptr<const upstream::Snapshot> snapshot);
  void update(std::shared_ptr<const upstream::Snapshot> snapshot) { worker_->update({std::move(snapshot)}); }
  /// As a reload does that removes the forwarding.
  void serve_nothing() { worker_->serve({}); }
  /// The worker does nothing while `meanwhile` runs; what comes by then, it finds at once.
  void while_it_stands(const std::function<void()>& meanwhile);
  /// All mail was carried out, and the worker has begun another round since.
  void wait_for_worker();
  [[nodiscard]] std::uint64_t count(Count which) const { return worker_->counters().of(which); }

  Descriptor connect();
  /// None: nobody has come by the time that `over` is true.
  Descriptor accept(const std::atomic<bool>& over = false);
  /// Of all sessions that have ended since the last call.
  std::vector<Record> records();
  /// Of the worker, for the forwarding.
  [[nodiscard]] const Figures& figures() const { return *figures_->of_worker.front(); }
  [[nodiscard]] const net::Address& at() const { return at_; }
  [[nodiscard]] Worker& worker() { return *worker_; }
  [[nodiscard]] int upstream() const { return upstream_.get(); }

 private:
  void open_upstream(net::Transport transport);
  void open_listener(net::Transport transport);
  [[nodiscard]] Listening listening() const;

  Shared shared_;
  std::shared_ptr<ForwardingCounts> counts_ = std::make_shared<ForwardingCounts>();
  std::shared_ptr<ForwardingFigures> figures_ = std::make_shared<ForwardingFigures>("web", 1);
  std::shared_ptr<Forwarding> forwarding_ = std::make_shared<Forwarding>();
  std::unique_ptr<Worker> worker_;
  Descriptor upstream_;
  net::Address upstream_at_;
  std::shared_ptr<const upstream::Snapshot> snapshot_;
  std::shared_ptr<const Descriptor> listener_;
  net::Address at_;
  std::thread thread_;
};

}  // namespace lastbyte::relay
