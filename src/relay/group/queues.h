// Sessions that wait for a member of their group with room (T8): how many there are over all workers, and whom to wake
// when a place is free.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>

namespace lastbyte::relay {

class Session;

/// Over all workers; keyed by upstream::Snapshot::id. The lock is taken where a session waits, and never on the path of
/// a byte.
class Queues {
 public:
  /// Is told on any thread that a group may have room, and must not block.
  using Wake = std::function<void(std::uint64_t group)>;

  /// From now on `worker` is woken by `wake`. Before its first session.
  void join(unsigned worker, Wake wake);
  /// `worker` is woken no more.
  void part(unsigned worker);

  /// One more session of `worker` waits. False, and nothing done: `length` wait already. The caller has to look for
  /// room again afterwards: a place may have come free before it counted.
  bool enter(std::uint64_t group, unsigned worker, std::uint32_t length);
  void leave(std::uint64_t group, unsigned worker);

  /// A place with the group is free: wakes the workers whose sessions wait. Costs one look where none waits anywhere.
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

/// The sessions of one worker that wait, in the order of their arrival. One thread's own.
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
  /// Who has waited the longest; null: no session waits.
  [[nodiscard]] relay::Session* first(std::uint64_t group) const {
    const auto line = lines_.find(group);
    return line == lines_.end() ? nullptr : line->second.front();
  }

 private:
  std::unordered_map<std::uint64_t, List> lines_;
};

}  // namespace lastbyte::relay
