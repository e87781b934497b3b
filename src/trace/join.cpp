#include "trace/join.h"

#include <algorithm>
#include <utility>

namespace lastbyte::trace {
namespace {

std::string pair_of(const kernel::TcpEvent& event) { return event.local.text() + " " + event.remote.text(); }
std::string pair_of(const EndedSide& side) { return side.local + " " + side.peer; }

template <typename Map, typename Key>
void forget(Map& map, const Key& key, const std::shared_ptr<const EndedSide>& side) {
  if (const auto found = map.find(key); found != map.end() && found->second == side) map.erase(found);
}

}  // namespace

/// Connections reuse addresses and ports, but never cookies.
bool Joiner::matches(const kernel::TcpEvent& event, const std::string& pair, const EndedSide& side) const {
  const bool owned = knows_processes_ && event.owner.pid != 0 && !event.owner_listens;
  if (owned && event.owner.pid != side.pid) return false;
  if (event.cookie != 0 && side.cookie != 0) return event.cookie == side.cookie;
  return pair == pair_of(side);
}

const EndedSide* Joiner::find(const kernel::TcpEvent& event, const std::string& pair) const {
  if (const auto found = by_cookie_.find(event.cookie); found != by_cookie_.end() && event.cookie != 0)
    return matches(event, pair, *found->second) ? found->second.get() : nullptr;
  const auto found = by_pair_.find(pair);
  return found != by_pair_.end() && matches(event, pair, *found->second) ? found->second.get() : nullptr;
}

void Joiner::add(const kernel::TcpEvent& event, bool waits, const Tell& tell) {
  const std::string pair = pair_of(event);
  const EndedSide* const side = find(event, pair);
  if (side != nullptr || !waits) return tell({.event = event, .side = side});
  if (waiting_.size() >= kMostWaiting) tell_first(tell);
  // Events of several CPUs may arrive out of order, so the deadline is kept ascending here.
  const TimePoint until = event.time + patience_;
  waiting_.push_back({event, pair, waiting_.empty() ? until : std::max(until, waiting_.back().until)});
}

void Joiner::add(EndedSide side, const Tell& tell) {
  const auto take = [&](std::deque<Waiting>& from, bool again) {
    for (auto each = from.begin(); each != from.end();) {
      if (!matches(each->event, each->pair, side)) {
        ++each;
        continue;
      }
      tell({.event = each->event, .side = &side, .again = again});
      each = from.erase(each);
    }
  };
  take(told_, true);
  take(waiting_, false);
  know(std::move(side));
}

void Joiner::know(EndedSide side) {
  if (known_.size() >= kMostKnown) {
    const Side oldest = std::move(known_.front());
    known_.pop_front();
    forget(by_cookie_, oldest->cookie, oldest);
    forget(by_pair_, pair_of(*oldest), oldest);
  }
  const Side& kept = known_.emplace_back(std::make_shared<const EndedSide>(std::move(side)));
  by_cookie_[kept->cookie] = kept;
  by_pair_[pair_of(*kept)] = kept;
}

void Joiner::tell_first(const Tell& tell) {
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  tell({.event = first.event});
  if (told_.size() >= kMostWaiting) told_.pop_front();
  told_.push_back(std::move(first));
}

void Joiner::pass_time(TimePoint now, const Tell& tell) {
  while (!waiting_.empty() && waiting_.front().until <= now) tell_first(tell);
}

}  // namespace lastbyte::trace
