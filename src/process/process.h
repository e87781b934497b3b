// process: programs that this one starts, their output and scratch directories, and facts from /proc. This file: a
// program as a child process in a group of its own, killed with all that it has started.
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

/// One thread's: the child dies with the thread that started it, whatever ends that (PR_SET_PDEATHSIG).
class Process {
 public:
  /// `arguments`: the program (a path, or looked up in PATH) and what follows. `network`: descriptor of the network
  /// namespace to run in; -1: the present one.
  static Result<Process> start(const std::vector<std::string>& arguments, int network);
  /// Kills the group.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Its exit status, or 128 + the signal that ended it; nullopt: it still runs.
  std::optional<int> ended();
  /// To the child alone, not to those that it has started.
  void signal(int number) const;
  /// Stops the group, and waits until every thread of it stands still. False: that did not come about in two seconds,
  /// or cannot be seen.
  [[nodiscard]] bool suspend() const;
  void resume() const;
  /// The group. output() is final afterwards.
  void kill();
  /// The last bytes of what the child and those that it has started have written, on both outputs (Capture::kKept).
  [[nodiscard]] std::string output() const;

 private:
  Process(pid_t pid, Descriptor output);
  pid_t pid_ = -1;
  std::optional<int> status_;
  std::unique_ptr<Capture> output_;
};

/// From now on, a signal that ends this process (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE) first kills all children
/// and removes all scratch directories. A signal that is ignored stays so. Once, from main's thread, before there are
/// others.
void clean_up_at_signals();
/// Ends the process as that signal would, for a caller who has found standard output closed: SIGPIPE. Returns where
/// clean_up_at_signals() was not called.
void end_by_signal(int number);

}  // namespace lastbyte::process
