// Lists the TCP sockets in TIME_WAIT, with fields that neither /proc nor sock_diag reports.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::kernel {

struct TimeWait {
  net::Address local = {};
  net::Address remote = {};
  /// The peer's last time stamp (TSval, RFC 7323), and the second of the time of day in which it arrived. The kernel
  /// checks both before it gives the port to a new connection (net/ipv4/tcp_ipv4.c, tcp_twsk_unique()). 0: the peer
  /// sent none.
  std::uint32_t recent = 0;
  std::int32_t recent_stamp = 0;
};

/// Lists those of the calling thread's network namespace. This needs CAP_BPF, CAP_PERFMON, and a kernel with iter/tcp
/// (5.9).
Result<std::vector<TimeWait>> list_time_waits();

}  // namespace lastbyte::kernel
