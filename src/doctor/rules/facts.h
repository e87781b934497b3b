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
  std::chrono::seconds idle{0};  ///< since it sent or received data last, or got an acknowledgement of some
  /// The first look met it in the same state. Of a listener: it has a connection that waited at both looks.
  bool stayed = false;
};

/// Whether something loads or is allowed here.
struct Ability {
  std::string name;  ///< "tp_btf", "io_uring"
  bool there = false;
  std::string why_not = {};
};

/// A descriptor of the process that was asked about.
struct HeldSocket {
  kernel::ProcessSocket held = {};
  bool has_options = true;  ///< false: neither BPF nor a descriptor told the options in `held`
  /// What sock_diag(7) tells; absent: the connection has ended, or is in another namespace than the one looked at.
  std::optional<net::diag::TcpFigures> figures = {};
  std::string congestion_control = {};
  std::chrono::seconds idle{0};  ///< as in Socket; 0 where sock_diag(7) tells nothing
};

/// The process that was asked about (--pid).
struct Process {
  kernel::ProcessName name = {};
  std::vector<HeldSocket> sockets = {};
  std::uint64_t descriptors = 0;
  std::optional<std::uint64_t> descriptor_limit = {};  ///< soft RLIMIT_NOFILE
  int seccomp = 0;                                     ///< mode of /proc/PID/status: 2 is a filter
  /// With --intrusive, where descriptors were taken: how many, and how long the longest was held.
  struct Taken {
    std::uint64_t descriptors = 0;
    std::chrono::microseconds longest{0};
  };
  std::optional<Taken> taken = {};
};

struct Facts {
  kernel::Sysctls sysctls = {};
  kernel::Counters total = {};   ///< since the namespace was made
  kernel::Counters window = {};  ///< what was added while the doctor watched
  std::chrono::milliseconds watched{0};
  std::vector<Socket> sockets = {};
  std::vector<Ability> abilities = {};
  int own_seccomp = 0;  ///< of the doctor, as Process::seccomp
  std::optional<Process> process = {};
  /// Reset reasons of the running kernel that docs/resets.md does not describe.
  std::vector<std::string> unknown_reasons = {};
  std::vector<std::string> unread = {};  ///< what could not be read, and why; a line each

  // How to judge.
  std::chrono::seconds stuck_after{60};           ///< a socket that waits for its end is stuck
  std::chrono::seconds half_closed_after{3'600};  ///< a half-closed connection is forgotten
  std::string enter = {};  ///< what enters the namespace in a shell: "ip netns exec blue"; empty: it is the caller's
};

}  // namespace lastbyte::doctor
