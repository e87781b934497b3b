// Starts a program as a child of the calling thread.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::process {

struct Command {
  std::vector<std::string> arguments;         ///< the program (a path, or found by find_program()) and its arguments
  std::vector<std::string> environment = {};  ///< added to this process's environment: "NAME=value"
  int network = -1;                           ///< descriptor of the network namespace to run in; -1: the current one
  bool own_group = false;                     ///< the child leads its own process group
  std::vector<int> passed_sockets = {};       ///< passed as by a service manager: LISTEN_FDS (sd_listen_fds(3))
  std::optional<rlim_t> descriptors = {};     ///< RLIMIT_NOFILE, soft and hard
};

/// The child's descriptors 0, 1 and 2. The caller keeps its own.
struct Streams {
  int input = -1;
  int output = -1;
  int errors = -1;
};

/// Returns the child's process ID. The child dies with the thread that started it (PR_SET_PDEATHSIG), blocks no signal
/// and does not ignore SIGPIPE. It inherits nothing that a service manager gave to this process (LISTEN_FDS,
/// NOTIFY_SOCKET). If the program is not found, the error is ENOENT; if it cannot be executed, the child's exit status
/// is 127. Returns when the child has become the program or has ended.
Result<pid_t> spawn(const Command& command, const Streams& streams);

/// Makes close() close. A child has copies of all descriptors until it becomes its program. What another thread closes
/// meanwhile stays open: no FIN is sent, and no port is free. While an object of this class lives, spawn() makes no
/// child. Several threads may have one each. A thread that has one must not call spawn().
class NoCopies {
 public:
  NoCopies();
  ~NoCopies();
  NoCopies(const NoCopies&) = delete;
  NoCopies& operator=(const NoCopies&) = delete;
};

/// Converts a status of waitpid(2) to the exit status, or 128 + the signal.
int exit_status_of(int wait_status);

/// Returns the full path of a program in PATH or in the system's own directories; empty: there is none.
std::string find_program(const std::string& name);

}  // namespace lastbyte::process
