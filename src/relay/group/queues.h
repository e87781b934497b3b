// The queues of sessions that wait for a member of their group with room (T8): their lengths over all workers, and
// which workers to wake when a place becomes free.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>

namespace lastbyte::relay {

class Session;

/// The queues over all workers, keyed by upstream::Snapshot::id. The lock is taken only if a session waits, never on
/// the data path.
class Queues {
 public:
  /// Called on any thread when a group may have room. Must not block.
  using Wake = std::function<void(std::uint64_t group)>;

  /// Registers `wake` for `worker`. Call it before the worker's first session.
  void join(unsigned worker, Wake wake);
  /// Unregisters `worker`.
  void part(unsigned worker);

  /// Counts one more waiting session of `worker`. False, with nothing done: `length` sessions wait already. Afterwards
  /// the caller must look for room again: a place may have become free before the session was counted.
  bool enter(std::uint64_t group, unsigned worker, std::uint32_t length);
  void leave(std::uint64_t group, unsigned worker);

  /// Wakes the workers whose sessions wait, because the group has a free place. Costs one atomic load if no session
  /// waits anywhere.
  void room(std::uint64_t group);

 private:
  struct Line {
    std::uint32_t length = 0;
    std::unordered_map<unsigned, std::uint32_t> of_worker;
  };
  std::atomic<std::uint32_t> waiting_{0};
  std::mutex mutex_;
  std::unordered_map<unsigned, Wake> wakes_;
  std::unordered_map<std::uint64_t, Line> lines_;
};

/// The waiting sessions of one worker, in the order of their arrival. For one thread only.
class WaitingSessions {
 public:
  using List = std::list<relay::Session*>;
  using Place = List::iterator;

  Place add(std::uint64_t group, relay::Session& session) {
    List& line = lines_[group];
    return line.insert(line.end(), &session);
  }
  void remove(std::uint64_t group, Place place) {
    const auto line = lines_.find(group);
    line->second.erase(place);
    if (line->second.empty()) lines_.erase(line);
  }
  /// The session that has waited the longest; null: none waits.
  [[nodiscard]] relay::Session* first(std::uint64_t group) const {
    const auto line = lines_.find(group);
    return line == lines_.end() ? nullptr : line->second.front();
  }

 private:
  std::unordered_map<std::uint64_t, List> lines_;
};

}  // namespace lastbyte::relay
