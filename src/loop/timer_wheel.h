// Timers for tens of thousands of sessions: setting and cancelling one costs a few instructions, whatever their number.
//
// A hierarchical wheel (Varghese and Lauck, 1987): five levels of 64 slots. A slot of the finest level is one tick, so
// that the wheel reaches 64^5 ticks (12 days of milliseconds) ahead. A distant timer is in a coarse slot and moves to
// finer ones as its time approaches. A bitmap per level finds the next used slot without a scan. Time is passed in, in
// ticks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace lastbyte::loop {

/// One timer, embedded in the object it belongs to. It must not be copied or moved while set.
struct Timer {
  Timer* next = nullptr;
  Timer** link = nullptr;  ///< the pointer that points to this timer; null: not set
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

  /// Advances to `now`, but not past a due timer. Returns the first due timer, which is then no longer set, or null if
  /// none is due. Call it until it returns null. Timers may be set and cancelled between the calls.
  Timer* pop_due(std::uint64_t now);

  /// The latest time for the next pop_due(): no timer is due before. nullopt: no timer is set.
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
  Timer* due_ = nullptr;  ///< taken from the current tick's slot, not yet returned
  std::array<Level, kLevels> levels_{};
};

}  // namespace lastbyte::loop
