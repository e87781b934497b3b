// The TCP sockets in TIME_WAIT with what the kernel keeps of them, which neither /proc nor sock_diag tells.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::kernel {

struct TimeWait {
  net::Address local = {};
  net::Address remote = {};
  /// The last time stamp that the peer sent (TSval, RFC 7323), and the second of the time of day in which it came: what
  /// tcp_twsk_unique() of net/ipv4/tcp_ipv4.c asks before it gives the port to a new connection. 0: the peer sent none.
  std::uint32_t recent = 0;
  std::int32_t recent_stamp = 0;
};

/// Those of the calling thread's network namespace. It needs CAP_BPF and CAP_PERFMON, and a kernel with iter/tcp (5.9).
Result<std::vector<TimeWait>> list_time_waits();

}  // namespace lastbyte::kernel
