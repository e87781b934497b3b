// Prints what happens, each line with the time since the start: system calls with results, states, notes.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace lastbyte::sock {

/// The result of a system call.
struct Outcome {
  long value = 0;
  int error = 0;  ///< errno if value is negative; else 0

  [[nodiscard]] bool ok() const { return error == 0; }
};

/// Prints each line by one write(2), so that lines of several tools on one terminal do not mix. Copies are cheap.
class Narrator {
 public:
  /// `errors`: the descriptor for the lines. `on`: false makes line() and call() print nothing.
  Narrator(int errors, bool on) : errors_(errors), on_(on), start_(Clock::now()) {}

  /// Returns a narrator that marks each line with the connection's number: "[3] ".
  [[nodiscard]] Narrator about_connection(int number) const;

  [[nodiscard]] bool on() const { return on_; }
  /// Prints `text` if narration is on.
  void line(std::string_view text) const;
  /// Prints `text` always and without a time. It is for errors and reports, and may have several lines.
  void say(std::string_view text) const;
  /// Prints "text = value", then the errno's name if the call failed, then `more`.
  void call(std::string_view text, const Outcome& outcome, std::string_view more = {}) const;

 private:
  int errors_;
  bool on_;
  TimePoint start_;
  std::string mark_;
};

}  // namespace lastbyte::sock
