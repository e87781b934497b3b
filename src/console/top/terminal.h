// The terminal of lastbyte top, by ncurses. One at a time in a process.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "console/top/layout.h"

namespace lastbyte::console {

class Terminal {
 public:
  /// Takes standard input and output, until it is destroyed. An error: they are no terminal, or it cannot do what is
  /// needed. Precondition: the locale is set.
  static Result<Terminal> open();
  Terminal(Terminal&& other) noexcept : screen_(std::exchange(other.screen_, nullptr)) {}
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal();

  /// As it is now: it may have another size than before.
  [[nodiscard]] Screen screen() const;
  void draw(const std::vector<Line>& lines);
  /// What was pressed meanwhile. nullopt: nothing more. Does not block.
  std::optional<Key> key();
  /// Draws everything anew with the next draw().
  void forget();

 private:
  explicit Terminal(void* screen) : screen_(screen) {}
  void* screen_;  ///< ncurses' SCREEN
};

}  // namespace lastbyte::console
