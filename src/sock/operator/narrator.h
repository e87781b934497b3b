// Tells what happens, a line each with the time since the start: system calls with their results, states, notes.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace lastbyte::sock {

/// The result of a system call.
struct Outcome {
  long value = 0;
  int error = 0;  ///< errno where value is negative, otherwise 0

  [[nodiscard]] bool ok() const { return error == 0; }
};

/// Copied freely; each line is one write(2), so that lines of several tools on one terminal do not mix.
class Narrator {
 public:
  /// `errors`: where the lines go. `on`: whether line() and call() say anything.
  Narrator(int errors, bool on) : errors_(errors), on_(on), start_(Clock::now()) {}

  /// The same with each line marked as belonging to a connection: "[3] ".
  [[nodiscard]] Narrator about_connection(int number) const;

  [[nodiscard]] bool on() const { return on_; }
  /// Tells `text` when narration is on.
  void line(std::string_view text) const;
  /// Tells `text` always and without a time: errors and reports. It may hold several lines.
  void say(std::string_view text) const;
  /// Tells "text = value", with the errno's name where it failed and `more` behind it.
  void call(std::string_view text, const Outcome& outcome, std::string_view more = {}) const;

 private:
  int errors_;
  bool on_;
  TimePoint start_;
  std::string mark_;
};

}  // namespace lastbyte::sock
