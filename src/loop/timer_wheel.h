// Timers by the tens of thousands: setting and cancelling cost a few instructions, independent of their number.
//
// A hierarchical wheel (Varghese and Lauck, 1987): five levels of 64 slots, the finest of one tick, so that it reaches
// 64^5 ticks (12 days of milliseconds) ahead. A timer far away lies in a coarse slot and moves to finer ones as its
// time comes nearer. A bitmap a level finds the next slot in use without walking. Time is passed in, in ticks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace lastbyte::loop {

/// One timer, part of the object it belongs to. Not copied or moved while set.
struct Timer {
  Timer* next = nullptr;
  Timer** link = nullptr;  ///< what points to this timer; null: not set
  std::uint64_t due = 0;   ///< in ticks
  std::uint8_t level = 0;
  std::uint8_t slot = 0;

  [[nodiscard]] bool is_set() const { return link != nullptr; }
};

class TimerWheel {
 public:
  explicit TimerWheel(std::uint64_t now) : now_(now) {}
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  /// Sets or moves the timer. A time that is not in the future means the next tick.
  void set(Timer& timer, std::uint64_t due);
  void cancel(Timer& timer);

  /// Moves on to `now` as far as no timer is due, and returns the first one that is, no longer set; null: none. Call
  /// it until it returns null. Timers may be set and cancelled between the calls.
  Timer* pop_due(std::uint64_t now);

  /// When to call pop_due() next at the latest: no timer is due before. nullopt: none is set.
  [[nodiscard]] std::optional<std::uint64_t> next() const;

 private:
  static constexpr unsigned kLevels = 5;
  static constexpr unsigned kBits = 6;
  static constexpr std::uint64_t kSlots = 1U << kBits;

  struct Level {
    std::array<Timer*, kSlots> slots{};
    std::uint64_t used = 0;  ///< bit n: slot n holds a timer
  };

  void insert(Timer& timer);
  void cascade();

  std::uint64_t now_;
  Timer* due_ = nullptr;  ///< taken from the current tick's slot, not yet given out
  std::array<Level, kLevels> levels_{};
};

}  // namespace lastbyte::loop
