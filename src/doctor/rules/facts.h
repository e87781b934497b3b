// doctor: `lastbyte doctor` reports what is dangerous on a host. This file: the facts that its rules examine. Pure
// data.
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

/// The number that kernel::ProcessSocket uses for this state.
constexpr std::uint8_t number_of(State state) { return static_cast<std::uint8_t>(state); }

/// A TCP socket of the namespace, with its owner if that is known.
struct Socket {
  net::diag::Socket tcp = {};
  kernel::ProcessName owner = {};
  std::chrono::seconds idle{0};  ///< time since it last sent or received data, or received an acknowledgement of data
  /// The socket was in the same state at the first look. For a listener: one of its connections waited for accept() at
  /// both looks.
  bool stayed = false;
};

/// Whether something loads, or is allowed, here.
struct Ability {
  std::string name;  ///< "tp_btf", "io_uring"
  bool there = false;
  std::string why_not = {};
};

/// A descriptor of the examined process.
struct HeldSocket {
  kernel::ProcessSocket held = {};
  bool has_options = true;  ///< false: neither BPF nor a descriptor gave the options in `held`
  /// The figures of sock_diag(7). Absent: the connection has ended, or belongs to a namespace that was not examined.
  std::optional<net::diag::TcpFigures> figures = {};
  std::string congestion_control = {};
  std::chrono::seconds idle{0};  ///< as in Socket; 0 if sock_diag(7) does not report the socket
};

/// The examined process (--pid).
struct Process {
  kernel::ProcessName name = {};
  std::vector<HeldSocket> sockets = {};
  std::uint64_t descriptors = 0;
  std::optional<std::uint64_t> descriptor_limit = {};  ///< soft RLIMIT_NOFILE
  int seccomp = 0;                                     ///< mode of /proc/PID/status: 2 is a filter
  /// What --intrusive took: how many descriptors, and the longest time that one was held.
  struct Taken {
    std::uint64_t descriptors = 0;
    std::chrono::microseconds longest{0};
  };
  std::optional<Taken> taken = {};
  bool ended = false;  ///< while it was looked at: sockets are those of the beginning, or fewer
};

struct Facts {
  kernel::Sysctls sysctls = {};
  kernel::Counters total = {};   ///< since the namespace was made
  kernel::Counters window = {};  ///< the change while the doctor watched
  std::chrono::milliseconds watched{0};
  std::vector<Socket> sockets = {};
  std::vector<Ability> abilities = {};
  int own_seccomp = 0;  ///< the doctor's own mode, as in Process::seccomp
  std::optional<Process> process = {};
  /// Reset reasons of the running kernel that docs/resets.md does not describe.
  std::vector<std::string> unknown_reasons = {};
  std::vector<std::string> unread = {};  ///< one line for each thing that could not be read, with the reason

  // Limits of the judgement.
  std::chrono::seconds stuck_after{60};           ///< a socket that waits this long for its end is stuck
  std::chrono::seconds half_closed_after{3'600};  ///< a connection that is half-closed this long is forgotten
  /// The command that enters the namespace in a shell: "ip netns exec blue"; empty: it is the caller's.
  std::string enter = {};
};

}  // namespace lastbyte::doctor
