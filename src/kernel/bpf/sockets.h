// Lists the TCP sockets of processes, with their options, without taking a descriptor of any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// One descriptor of a process. Several descriptors may refer to one socket: they have the same cookie, if it has one.
struct ProcessSocket {
  ProcessName process = {};
  int descriptor = -1;
  std::uint64_t cookie = 0;   ///< SO_COOKIE; 0: nobody has asked for it yet. A dump by sock_diag(7) asks
  std::uint32_t network = 0;  ///< the namespace's inode
  net::Address local = {};
  net::Address remote = {};
  std::uint8_t state = 0;
  bool non_blocking = false;
  std::optional<QueuedBytes> queued = {};
  std::uint32_t send_window = 0;  ///< the peer's window, bytes

  struct Backlog {
    std::uint32_t waiting = 0;  ///< connections that wait for accept()
    std::uint32_t limit = 0;
  };
  std::optional<Backlog> backlog = {};  ///< only for a listener

  std::optional<std::chrono::seconds> linger = {};  ///< SO_LINGER
  int linger2 = 0;                                  ///< TCP_LINGER2, seconds; 0: the system's default; below 0: none
  bool keepalive = false;
  std::chrono::seconds keepalive_time{0};  ///< 0 here and in the next two: the system's default
  std::chrono::seconds keepalive_interval{0};
  std::uint8_t keepalive_probes = 0;
  std::chrono::milliseconds user_timeout{0};  ///< TCP_USER_TIMEOUT; 0: off
  bool no_delay = false;
  bool reuse_address = false;
  bool reuse_port = false;
  std::int32_t receive_buffer = 0;  ///< bytes as the kernel counts them: twice the value set by SO_RCVBUF
  std::int32_t send_buffer = 0;
  bool receive_buffer_set = false;  ///< the program set it, so the kernel no longer tunes it
  bool send_buffer_set = false;
};

/// Lists the sockets of one process, or of all processes in the caller's pid namespace and those below. This needs
/// CAP_BPF, CAP_PERFMON and Linux 5.17. It delays no close() of a process. It may miss descriptors that are opened or
/// closed meanwhile.
Result<std::vector<ProcessSocket>> list_sockets(std::optional<std::uint32_t> pid = std::nullopt);

}  // namespace lastbyte::kernel
