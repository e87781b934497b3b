// Programs that tests start: the daemon under test and real servers and clients around it. Each has a directory of its
// own below the system's temporary one, is killed by its number, and leaves nothing behind.
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

/// Removed with everything in it at the end.
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
  std::vector<std::string> arguments;         ///< the program (a path, or looked up in PATH) and what follows
  std::vector<std::string> environment = {};  ///< added to ours: "NAME=value"
  std::string input = {};                     ///< its standard input; empty: /dev/null
  std::vector<int> passed_sockets = {};       ///< handed over as a service manager does (LISTEN_FDS)
  std::optional<rlim_t> descriptors = {};     ///< RLIMIT_NOFILE, soft and hard
};

class Process {
 public:
  explicit Process(const Command& command);
  /// Kills it if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  /// After SIGSTOP the process stands still, every thread of it.
  void signal(int number) const;
  /// Its exit status, or 128 + the signal that ended it; nullopt: it still runs after `patience`.
  std::optional<int> wait(milliseconds patience = kPatience);

  /// What it has written so far.
  [[nodiscard]] std::string out() const { return read_file(directory_.file("out")); }
  /// Its standard error, in which a message of the daemon in JSON stands as it would in text.
  [[nodiscard]] std::string err() const;
  [[nodiscard]] const TemporaryDirectory& directory() const { return directory_; }

  // What /proc says of it.
  [[nodiscard]] std::size_t sockets() const;
  [[nodiscard]] std::uint64_t resident_kib() const;
  [[nodiscard]] milliseconds cpu_time() const;

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Runs to the end and returns what it wrote; the test fails if it does not end with status 0 in time.
std::string output_of(const Command& command);

}  // namespace lastbyte::system_test
