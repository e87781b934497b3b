// What changes of upstream groups mean to the sessions of one worker: those of a member that went down or away hear of
// it, and those that wait for a member with room look again.
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
  /// Does what is given for the session (Worker::Impl::attempt()).
  using Attempt = std::function<void(Session&, const std::function<void()>&)>;

  using Snapshots = std::vector<std::shared_ptr<const upstream::Snapshot>>;

  GroupChanges(Context& context, SessionList& sessions, Attempt attempt)
      : context_(context), attempt_(std::move(attempt)), walk_(sessions) {}

  /// The groups look like that now. Sessions hear of it in slices.
  void change(const Snapshots& snapshots);
  /// Of the ports that have a group.
  static Snapshots snapshots_of(const std::vector<Listening>& listenings);
  /// A member of the group may have room: the sessions that have waited the longest look.
  void room(std::uint64_t group);

  /// The next slice of sessions (T12).
  void step(std::size_t most);
  [[nodiscard]] bool under_way() const { return changed_ || walk_.under_way(); }
  /// As Walk::leaves().
  void leaves(Session& session) { walk_.leaves(session); }

 private:
  Context& context_;
  Attempt attempt_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const upstream::Snapshot>> newest_;
  Walk<SessionList> walk_;
  bool changed_ = false;  ///< since the walk began
};

}  // namespace lastbyte::relay
