#include "upstream/tries.h"

#include <algorithm>

#include "upstream/address_order.h"
#include "upstream/maglev.h"

namespace lastbyte::upstream {
namespace {

// Pauses while the backlog of a UNIX socket is full (T14).
constexpr Duration kFirstBacklogPause{1};
constexpr Duration kLongestBacklogPause{250};

constexpr std::uint32_t kLeastRetrying = 3;

Duration left_until(TimePoint end, TimePoint now) {
  return std::max(std::chrono::duration_cast<Duration>(end - now), Duration{0});
}

}  // namespace

Move Tries::next(TimePoint now, std::uint64_t random, const Choose& choose, const Order& order) {
  switch (phase_) {
    case Phase::connected: return {.what = Move::What::wait};
    case Phase::pausing:
      if (now < until_) return {.what = Move::What::wait};
      phase_ = Phase::trying;
      break;
    case Phase::queueing:
      if (!room_) return {.what = Move::What::queue};
      break;
    case Phase::trying: break;
  }
  room_ = false;
  if (phase_ == Phase::trying && now > began_ + rules_.limit) {
    if (!under_way_.empty()) return {.what = Move::What::wait};
    member_.reset();
    return {.what = Move::What::give_up};
  }
  const bool more_addresses = member_ && next_address_ < order_.size();
  if (more_addresses && (under_way_.empty() || now >= next_beside_)) return connect_next();
  if (!under_way_.empty()) return {.what = Move::What::wait};
  return next_member(now, random, choose, order);
}

Move Tries::connect_next() const {
  return {.what = Move::What::connect, .member = *member_, .address = order_[next_address_]};
}

Move Tries::next_member(TimePoint now, std::uint64_t random, const Choose& choose, const Order& order) {
  member_.reset();
  const Choice choice = choose(tried_);
  switch (choice.what) {
    case Choice::What::member: {
      // limits.connect does not include the time in the queue.
      if (phase_ == Phase::queueing) began_ = now;
      phase_ = Phase::trying;
      member_ = choice.member;
      untried_ = choice.left;
      tried_.push_back(choice.member);
      order_ = order(choice.member);
      next_address_ = 0;
      next_beside_ = now;
      return order_.empty() ? next_member(now, random, choose, order) : connect_next();
    }
    case Choice::What::full:
      if (phase_ == Phase::queueing) return {.what = Move::What::queue};
      if (rules_.queue.length == 0) {
        Move move = pass_over(now, random);
        move.full = move.what == Move::What::give_up && made_ == 0;
        return move;
      }
      phase_ = Phase::queueing;
      until_ = now + rules_.queue.time;
      return {.what = Move::What::queue};
    case Choice::What::none_left:
    case Choice::What::none:
      if (phase_ == Phase::queueing) {
        began_ = now;
        phase_ = Phase::trying;
      }
      return pass_over(now, random);
  }
  return {.what = Move::What::give_up};
}

/// Every member has been tried, or none is eligible.
Move Tries::pass_over(TimePoint now, std::uint64_t random) {
  const bool retries = rules_.retry != nullptr && (rules_.retry->on_connect_failure || after_reset_);
  if (!retries && !backlog_is_full_) return {.what = Move::What::give_up};
  ++passes_;
  TimePoint last = began_ + rules_.limit;
  if (retries) {
    until_ = now + pause_before(passes_, rules_.retry->backoff, rules_.retry->longest_backoff, random);
    last -= std::min(rules_.retry->per_try_timeout, rules_.limit / 2);  // leaves the last pass time for an attempt
  } else {
    const std::uint32_t doublings = std::min(passes_ - 1, 20U);
    until_ = now + std::min<Duration>(kFirstBacklogPause * (1L << doublings), kLongestBacklogPause);
  }
  if (now >= last) return {.what = Move::What::give_up};
  until_ = std::min(until_, last);
  phase_ = Phase::pausing;
  backlog_is_full_ = false;
  tried_.clear();
  return {.what = Move::What::wait};
}

/// With retries: per-try-timeout. Without: an equal share of the time left for each address that may remain, so that an
/// address that swallows SYNs cannot use up the time of those behind it.
Duration Tries::time_for_try(TimePoint now) const {
  const Duration left = left_until(began_ + rules_.limit, now);
  if (rules_.retry != nullptr) return std::min(left, rules_.retry->per_try_timeout);
  const std::size_t addresses = order_.size() - std::min(next_address_, order_.size());
  return left / static_cast<Duration::rep>(std::max<std::size_t>(addresses + untried_, 1));
}

void Tries::begun(TimePoint now, std::uint32_t address) {
  under_way_.push_back({.address = address, .ends = now + time_for_try(now)});
  next_beside_ = now + kAttemptDelay;
  ++next_address_;
  ++made_;
  after_reset_ = false;
}

void Tries::failed(TimePoint now, std::uint32_t address, bool backlog_is_full) {
  backlog_is_full_ = backlog_is_full_ || backlog_is_full;
  next_beside_ = now;  // RFC 8305, section 5: the next attempt does not wait for its delay
  const auto it = std::ranges::find(under_way_, address, &UnderWay::address);
  if (it != under_way_.end()) {
    under_way_.erase(it);
    return;
  }
  ++next_address_;
  ++made_;
  after_reset_ = false;
}

void Tries::connected() {
  under_way_.clear();
  phase_ = Phase::connected;
}

void Tries::reset(TimePoint now) {
  ++resets_;
  began_ = now;
  passes_ = 0;
  after_reset_ = true;
  phase_ = Phase::trying;
  next_address_ = order_.size();
  tried_.clear();
  if (member_) tried_.push_back(*member_);
}

void Tries::moved(const std::function<std::optional<std::uint32_t>(std::uint32_t)>& index_of) {
  std::vector<std::uint32_t> still;
  for (const std::uint32_t each : tried_)
    if (const auto index = index_of(each)) still.push_back(*index);
  tried_ = std::move(still);
  member_.reset();
  order_.clear();
  next_address_ = 0;
}

std::vector<std::uint32_t> Tries::overdue(TimePoint now) const {
  std::vector<std::uint32_t> late;
  for (const UnderWay& each : under_way_)
    if (now >= each.ends) late.push_back(each.address);
  return late;
}

TimePoint Tries::wakes_at() const {
  switch (phase_) {
    case Phase::connected: return TimePoint::max();
    case Phase::pausing:
    case Phase::queueing: return until_;
    case Phase::trying: break;
  }
  TimePoint at = TimePoint::max();
  for (const UnderWay& each : under_way_) at = std::min(at, each.ends);
  if (!under_way_.empty() && next_address_ < order_.size()) at = std::min(at, next_beside_);
  return at;
}

TimePoint Tries::ends() const { return phase_ == Phase::queueing ? until_ : began_ + rules_.limit; }

Duration pause_before(std::uint32_t number, Duration base, Duration longest, std::uint64_t random) {
  const std::uint32_t doublings = std::min(std::max(number, 1U) - 1, 30U);
  const Duration most = base > longest / (1L << doublings) ? longest : base * (1L << doublings);
  return Duration(static_cast<Duration::rep>(mixed(random) % (static_cast<std::uint64_t>(most.count()) + 1)));
}

bool within_budget(std::uint32_t sessions, std::uint32_t retrying, std::uint32_t percent) {
  const std::uint64_t share = std::uint64_t{sessions} * percent / 100;
  return retrying < std::max<std::uint64_t>(share, kLeastRetrying);
}

}  // namespace lastbyte::upstream
