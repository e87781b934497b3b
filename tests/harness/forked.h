// A function that runs in a child process, for what no thread can do: end the process, or be looked at from outside.
#pragma once

#include <sys/types.h>

#include <functional>

namespace lastbyte::test {

/// The child dies with the test, and is killed and reaped at the end. Fork before there are other threads that hold
/// locks.
class Forked {
 public:
  /// `body`: its result is the exit status. `errors`: a descriptor that becomes the child's standard error; -1: ours.
  explicit Forked(const std::function<int()>& body, int errors = -1);
  /// Waits for signals and does nothing.
  Forked();
  ~Forked();
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for its end; the exit status, or 1000 + the signal that killed it; -1: it was waited for already.
  int exit_status();

 private:
  pid_t pid_ = -1;
};

}  // namespace lastbyte::test
