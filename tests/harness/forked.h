// Runs a function in a child process, for what no thread can do: end the process, or be observed from outside.
#pragma once

#include <sys/types.h>

#include <functional>

namespace lastbyte::test {

/// The child dies with the test. The destructor kills and reaps it. Fork before other threads exist that hold locks.
class Forked {
 public:
  /// `body` returns the exit status. `errors` becomes the child's standard error; -1: ours.
  explicit Forked(const std::function<int()>& body, int errors = -1);
  /// The child waits for signals and does nothing.
  Forked();
  ~Forked();
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for the child's end. Returns the exit status, or 1000 + the signal that killed it; -1: already waited for.
  int exit_status();

 private:
  pid_t pid_ = -1;
};

}  // namespace lastbyte::test
