#include "relay/context/in_flight.h"

#include <algorithm>

#include "base/memory.h"

namespace lastbyte::relay {

void InFlight::set_bound(std::uint64_t bound) {
  const std::lock_guard lock(mutex_);
  bound_ = bound;
}

bool InFlight::try_add(uid_t uid, std::uint64_t own, std::uint64_t count, TimePoint now) {
  const std::lock_guard lock(mutex_);
  for (; !later_.empty() && later_.front().at <= now; later_.pop_front())
    take(later_.front().uid, later_.front().count);
  const auto user = of_user_.find(uid);
  const std::uint64_t of_user = user == of_user_.end() ? 0 : user->second;
  if (!passes(of_user, own, count)) return false;
  of_user_[uid] += count;  // this comes first because it may throw
  total_ += count;
  return true;
}

bool InFlight::passes(std::uint64_t of_user, std::uint64_t own, std::uint64_t count) const {
  const std::uint64_t free = bound_ - std::min(bound_, total_);
  // This passes however small the bound is: the kernel accepts a message that begins below its limit.
  if (total_ == 0) return true;
  if (of_user == 0) return count <= free;
  if (own == 0) return of_user + count <= free / 2;
  return of_user + own + count <= free / 4;
}

void InFlight::remove(uid_t uid, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  take(uid, count);
}

void InFlight::remove_later(uid_t uid, std::uint64_t count, TimePoint now) {
  const std::lock_guard lock(mutex_);
  // Without memory to remember them, they stop counting now: counted for ever, they would block others.
  if (!enough_memory_for([&] { later_.push_back({now + kForgotten, uid, count}); })) take(uid, count);
}

std::uint64_t InFlight::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void InFlight::take(uid_t uid, std::uint64_t count) {
  total_ -= count;
  const auto user = of_user_.find(uid);
  if (user == of_user_.end()) return;
  if (user->second -= count; user->second == 0) of_user_.erase(user);
}

}  // namespace lastbyte::relay
