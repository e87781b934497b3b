// The terminal of lastbyte top, by ncurses. A process can have one at a time.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "console/top/layout.h"

namespace lastbyte::console {

class Terminal {
 public:
  /// Takes over standard input and output until destruction. Fails if they are no terminal, or one that lacks a needed
  /// ability. Precondition: the locale is set.
  static Result<Terminal> open();
  Terminal(Terminal&& other) noexcept : screen_(std::exchange(other.screen_, nullptr)) {}
  Terminal& operator=(Terminal&&) = delete;
  ~Terminal();

  /// Returns the present screen: its size may have changed.
  [[nodiscard]] Screen screen() const;
  void draw(const std::vector<Line>& lines);
  /// Returns a key that was pressed meanwhile; nullopt: no more keys. Does not block.
  std::optional<Key> key();
  /// Makes the next draw() draw everything anew.
  void forget();

 private:
  explicit Terminal(void* screen) : screen_(screen) {}
  void* screen_;  ///< ncurses' SCREEN
};

}  // namespace lastbyte::console
