// process: programs that this program starts, their output and scratch directories, and facts from /proc. This file: a
// child process in its own process group, which is killed with everything that it has started.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/capture.h"

namespace lastbyte::process {

/// A child process. For one thread: the child dies when the thread that started it ends in any way (PR_SET_PDEATHSIG).
class Process {
 public:
  /// `arguments`: the program (a path, or a name looked up in PATH) and its arguments. `network`: descriptor of the
  /// network namespace to run in; -1: the current one.
  static Result<Process> start(const std::vector<std::string>& arguments, int network);
  /// Calls kill().
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Returns the exit status, or 128 + the signal that ended the child; nullopt: it still runs.
  std::optional<int> ended();
  /// Sends the signal to the child only, not to the processes that it has started.
  void signal(int number) const;
  /// Stops the group and waits until every thread of it has stopped. Returns false if they did not stop within two
  /// seconds, or cannot be seen.
  [[nodiscard]] bool suspend() const;
  void resume() const;
  /// Kills the group. output() is final afterwards.
  void kill();
  /// Returns the last bytes that the child and its descendants wrote to standard output and standard error
  /// (Capture::kKept).
  [[nodiscard]] std::string output() const;

 private:
  Process(pid_t pid, Descriptor output);
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::unique_ptr<Capture> output_;
};

/// Makes a signal that would end this process (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE) first kill all children and
/// remove all scratch directories. Ignored signals stay ignored. Call it once, from the main thread, before other
/// threads exist.
void clean_up_at_signals();
/// Ends the process as that signal would. A caller that finds its standard output closed uses it with SIGPIPE. It
/// returns if clean_up_at_signals() was not called.
void end_by_signal(int number);

}  // namespace lastbyte::process
