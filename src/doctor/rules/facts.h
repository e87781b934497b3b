// doctor: `lastbyte doctor` says what is dangerous on a host. This file: everything that its rules look at. Pure data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf/sockets.h"
#include "kernel/proc/counters.h"
#include "kernel/proc/sysctls.h"
#include "net/diag/socket.h"

namespace lastbyte::doctor {

using net::diag::State;

/// As kernel::ProcessSocket has it.
constexpr std::uint8_t number_of(State state) { return static_cast<std::uint8_t>(state); }

/// A TCP socket of the namespace with its owner, where there is one that may be told.
struct Socket {
  net::diag::Socket tcp = {};
  kernel::ProcessName owner = {};
  std::chrono::seconds idle{0};  ///< since it sent or received data last, or got an acknowledgement
  bool waited_before = false;    ///< a listener: the first look met connections that waited, too
};

/// Whether something loads or is allowed here.
struct Ability {
  std::string name;  ///< "tp_btf", "io_uring"
  bool there = false;
  std::string why_not = {};
};

/// The process that was asked about (--pid).
struct Process {
  kernel::ProcessName name = {};
  std::vector<kernel::ProcessSocket> sockets = {};
  std::uint64_t descriptors = 0;
  std::optional<std::uint64_t> descriptor_limit = {};  ///< soft RLIMIT_NOFILE
  int seccomp = 0;                                     ///< mode of /proc/PID/status: 2 is a filter
};

struct Facts {
  kernel::Sysctls sysctls = {};
  kernel::Counters total = {};   ///< since the namespace was made
  kernel::Counters window = {};  ///< what was added while the doctor watched
  std::chrono::milliseconds watched{0};
  std::vector<Socket> sockets = {};
  std::vector<Ability> abilities = {};
  std::optional<Process> process = {};
  /// Reset reasons of the running kernel that docs/resets.md does not describe.
  std::vector<std::string> unknown_reasons = {};
  std::vector<std::string> unread = {};  ///< what could not be read, and why; a line each
};

}  // namespace lastbyte::doctor
