// The TCP sockets that processes hold, with their options, read without taking a descriptor of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// One descriptor of a process. Several may be of the same socket: those have the same cookie, if it has one.
struct ProcessSocket {
  ProcessName process = {};
  int descriptor = -1;
  std::uint64_t cookie = 0;   ///< SO_COOKIE; 0: nobody has asked for it. A dump by sock_diag(7) does
  std::uint32_t network = 0;  ///< the namespace's inode
  net::Address local = {};
  net::Address remote = {};
  std::uint8_t state = 0;
  bool non_blocking = false;
  std::optional<QueuedBytes> queued = {};
  std::uint32_t send_window = 0;  ///< of the peer, bytes

  struct Backlog {
    std::uint32_t waiting = 0;  ///< connections that nobody has accepted yet
    std::uint32_t limit = 0;
  };
  std::optional<Backlog> backlog = {};  ///< of a listener

  std::optional<std::chrono::seconds> linger = {};  ///< SO_LINGER
  int linger2 = 0;                                  ///< TCP_LINGER2, seconds; 0: that of the system; below 0: none
  bool keepalive = false;
  std::chrono::seconds keepalive_time{0};  ///< 0: that of the system; so are the next two
  std::chrono::seconds keepalive_interval{0};
  std::uint8_t keepalive_probes = 0;
  std::chrono::milliseconds user_timeout{0};  ///< TCP_USER_TIMEOUT; 0: off
  bool no_delay = false;
  bool reuse_address = false;
  bool reuse_port = false;
  std::int32_t receive_buffer = 0;  ///< bytes, as the kernel counts them: twice what SO_RCVBUF was set to
  std::int32_t send_buffer = 0;
  bool receive_buffer_set = false;  ///< and so no longer tuned by the kernel
  bool send_buffer_set = false;
};

/// Those of one process, or of all. It needs CAP_BPF and CAP_PERFMON, and Linux 5.17. Only sockets of the caller's pid
/// namespace and those below. No close() of a process is held up by it; descriptors that are opened or closed meanwhile
/// may be missed.
Result<std::vector<ProcessSocket>> list_sockets(std::optional<std::uint32_t> pid = std::nullopt);

}  // namespace lastbyte::kernel
