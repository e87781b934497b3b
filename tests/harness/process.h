// Programs that tests start: the daemon under test, and real servers and clients around it. Each has a directory of its
// own below the system's temporary one, is killed by its pid, and leaves nothing behind.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "process/spawn.h"
#include "tests/harness/eventually.h"

namespace lastbyte::system_test {

using process::find_program;
using std::chrono::milliseconds;
using test::eventually;
using test::kPatience;

/// The destructor removes it with its contents.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

struct Command {
  std::vector<std::string> arguments;         ///< the program (a path, or a name looked up in PATH) and its arguments
  std::vector<std::string> environment = {};  ///< additions to our environment: "NAME=value"
  std::string input = {};                     ///< its standard input; empty: /dev/null
  std::vector<int> passed_sockets = {};       ///< passed as a service manager passes them (LISTEN_FDS)
  std::optional<rlim_t> descriptors = {};     ///< RLIMIT_NOFILE, soft and hard
};

class Process {
 public:
  explicit Process(const Command& command);
  /// Kills the process if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  /// Sends a signal. After SIGSTOP, waits until every thread is stopped.
  void signal(int number) const;
  /// Returns the exit status, or 128 + the signal that ended it; nullopt: it still runs after `patience`.
  std::optional<int> wait(milliseconds patience = kPatience);

  /// Its standard output so far.
  [[nodiscard]] std::string out() const { return read_file(directory_.file("out")); }
  /// Its standard error so far. The daemon's messages in JSON are converted to text.
  [[nodiscard]] std::string err() const;
  [[nodiscard]] const TemporaryDirectory& directory() const { return directory_; }

  // Figures from /proc.
  [[nodiscard]] std::size_t sockets() const;
  [[nodiscard]] std::uint64_t resident_kib() const;
  [[nodiscard]] milliseconds cpu_time() const;

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Runs to the end and returns the standard output. The test fails unless it ends in time with status 0.
std::string output_of(const Command& command);

}  // namespace lastbyte::system_test
