// Applies changes of upstream groups to the sessions of one worker: it notifies the sessions of a member that went down
// or was removed, and lets sessions in the queue look for room again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "relay/context/context.h"
#include "relay/context/listening.h"
#include "relay/stream/session.h"
#include "relay/worker/walk.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::relay {

class GroupChanges {
 public:
  /// Runs the given work for the session (Worker::Impl::attempt()).
  using Attempt = std::function<void(Session&, const std::function<void()>&)>;

  using Snapshots = std::vector<std::shared_ptr<const upstream::Snapshot>>;

  GroupChanges(Context& context, SessionList& sessions, Attempt attempt)
      : context_(context), attempt_(std::move(attempt)), walk_(sessions) {}

  /// Takes the newest snapshots of the groups. Sessions are notified in slices.
  void change(const Snapshots& snapshots);
  /// The snapshots of the ports that have a group.
  static Snapshots snapshots_of(const std::vector<Listening>& listenings);
  /// A member of the group may have room: the sessions that have waited the longest look first.
  void room(std::uint64_t group);

  /// Notifies the next slice of sessions (T12).
  void step(std::size_t most);
  [[nodiscard]] bool under_way() const { return changed_ || walk_.under_way(); }
  /// See Walk::leaves().
  void leaves(Session& session) { walk_.leaves(session); }

 private:
  Context& context_;
  Attempt attempt_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const upstream::Snapshot>> newest_;
  Walk<SessionList> walk_;
  bool changed_ = false;  ///< a snapshot changed since the walk began
};

}  // namespace lastbyte::relay
