// A program becomes a child of the calling thread: how, and with what.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::process {

struct Command {
  std::vector<std::string> arguments;         ///< the program (a path, or looked up by find_program()) and what follows
  std::vector<std::string> environment = {};  ///< added to ours: "NAME=value"
  int network = -1;                           ///< descriptor of the network namespace to run in; -1: the present one
  bool own_group = false;                     ///< leads a process group of its own
  std::vector<int> passed_sockets = {};       ///< handed over as a service manager does: LISTEN_FDS (sd_listen_fds(3))
  std::optional<rlim_t> descriptors = {};     ///< RLIMIT_NOFILE, soft and hard
};

/// Descriptors that become 0, 1 and 2; they stay the caller's.
struct Streams {
  int input = -1;
  int output = -1;
  int errors = -1;
};

/// The child's id. It dies with the thread that started it (PR_SET_PDEATHSIG), blocks no signal and ignores SIGPIPE no
/// more. It gets nothing of what a service manager has given to us (LISTEN_FDS, NOTIFY_SOCKET). A program that cannot
/// be run is ENOENT, or exit status 127 of the child.
Result<pid_t> spawn(const Command& command, const Streams& streams);

/// Of waitpid(2): the exit status, or 128 + the signal.
int exit_status_of(int wait_status);

/// Full path of a program in PATH or in the system's own directories; empty: there is none.
std::string find_program(const std::string& name);

}  // namespace lastbyte::process
