#include "loop/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace lastbyte::loop {
namespace {

void push(Timer*& head, Timer& timer) {
  timer.next = head;
  timer.link = &head;
  if (head != nullptr) head->link = &timer.next;
  head = &timer;
}

void unlink(Timer& timer) {
  *timer.link = timer.next;
  if (timer.next != nullptr) timer.next->link = timer.link;
  timer.next = nullptr;
  timer.link = nullptr;
}

constexpr std::uint8_t kInDueList = 0xff;

}  // namespace

void TimerWheel::insert(Timer& timer) {
  const std::uint64_t reach = (std::uint64_t{1} << (kBits * kLevels)) - 1;
  // A timer beyond the reach goes into the farthest slot; pop_due() reinserts it until its time has come.
  const std::uint64_t delta = std::clamp<std::uint64_t>(timer.due > now_ ? timer.due - now_ : 1, 1, reach);
  const unsigned level = (static_cast<unsigned>(std::bit_width(delta)) - 1) / kBits;
  timer.level = static_cast<std::uint8_t>(level);
  timer.slot = static_cast<std::uint8_t>(((now_ + delta) >> (kBits * level)) & (kSlots - 1));
  push(levels_[level].slots[timer.slot], timer);
  levels_[level].used |= std::uint64_t{1} << timer.slot;
}

void TimerWheel::set(Timer& timer, std::uint64_t due) {
  if (timer.is_set()) cancel(timer);
  timer.due = due;
  insert(timer);
}

void TimerWheel::cancel(Timer& timer) {
  if (!timer.is_set()) return;
  unlink(timer);
  if (timer.level == kInDueList) return;
  Level& level = levels_[timer.level];
  if (level.slots[timer.slot] == nullptr) level.used &= ~(std::uint64_t{1} << timer.slot);
}

std::optional<std::uint64_t> TimerWheel::next() const {
  if (due_ != nullptr) return now_;
  std::optional<std::uint64_t> soonest;
  for (unsigned level = 0; level < kLevels; ++level) {
    const std::uint64_t used = levels_[level].used;
    if (used == 0) continue;
    // Slots are always ahead: the slot after the current one is 1 away, the current one a whole turn.
    const std::uint64_t position = now_ >> (kBits * level);
    const auto turn = static_cast<int>((position + 1) & (kSlots - 1));
    const auto away = static_cast<std::uint64_t>(std::countr_zero(std::rotr(used, turn))) + 1;
    const std::uint64_t at = (position + away) << (kBits * level);
    soonest = std::min(soonest.value_or(at), at);
  }
  return soonest;
}

/// Moves the timers of the slots that begin at now_ down to finer levels; those of the finest level go to the due list.
void TimerWheel::cascade() {
  for (unsigned level = kLevels - 1; level > 0; --level) {
    const unsigned shift = kBits * level;
    if ((now_ & ((std::uint64_t{1} << shift) - 1)) != 0) continue;
    const auto slot = static_cast<std::size_t>((now_ >> shift) & (kSlots - 1));
    levels_[level].used &= ~(std::uint64_t{1} << slot);
    while (Timer* timer = levels_[level].slots[slot]) {
      unlink(*timer);
      if (timer->due <= now_) {
        timer->level = kInDueList;
        push(due_, *timer);
      } else {
        insert(*timer);
      }
    }
  }
  const auto slot = static_cast<std::size_t>(now_ & (kSlots - 1));
  levels_[0].used &= ~(std::uint64_t{1} << slot);
  while (Timer* timer = levels_[0].slots[slot]) {
    unlink(*timer);
    timer->level = kInDueList;
    push(due_, *timer);
  }
}

Timer* TimerWheel::pop_due(std::uint64_t now) {
  for (;;) {
    if (Timer* timer = due_) {
      unlink(*timer);
      if (timer->due <= now_) return timer;
      insert(*timer);
      continue;
    }
    if (now_ >= now) return nullptr;
    now_ = std::min(next().value_or(now), now);
    cascade();
  }
}

}  // namespace lastbyte::loop
