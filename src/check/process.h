// A proxy under test as a child process: a group of its own, killed with all it has started.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace lastbyte::check {

/// Removed with everything in it at the end.
class ScratchDirectory {
 public:
  /// Fails where the system's temporary directory cannot be written to.
  static Result<ScratchDirectory> make();
  ~ScratchDirectory();
  ScratchDirectory(ScratchDirectory&& other) noexcept;
  ScratchDirectory& operator=(ScratchDirectory&& other) noexcept;

  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// One thread's: the child dies with the thread that started it, whatever ends that (PR_SET_PDEATHSIG).
class Process {
 public:
  /// `arguments`: the program (a path, or looked up in PATH) and what follows. Its output goes to the file `output`.
  /// `network`: descriptor of the network namespace to run in; -1: the present one.
  static Result<Process> start(const std::vector<std::string>& arguments, const std::string& output, int network);
  /// Kills the group.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Its exit status, or 128 + the signal that ended it; nullopt: it still runs.
  std::optional<int> ended();
  /// To the child alone, not to those that it has started.
  void signal(int number) const;
  void kill();

 private:
  explicit Process(pid_t pid);
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// From now on, SIGINT, SIGTERM and SIGHUP kill all children before they end this process. Once, from main's thread.
void kill_children_at_signals();

/// Full path of a program in PATH or in the system's own directories; empty: there is none.
std::string find_program(const std::string& name);

/// What a file holds; "" where it cannot be read.
std::string read_file(const std::string& path);
/// False: errno says why.
bool write_file(const std::string& path, const std::string& text);

}  // namespace lastbyte::check
