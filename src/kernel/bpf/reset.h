// What the kernel side keeps of a reset, under the cookie of its socket. Plain C, for the BPF programs and for user
// space.
#pragma once

#include <linux/types.h>

/// Number of places in the table, a power of two. Cookies grow by one, so each of the last LB_RESETS sockets has a
/// place of its own.
#define LB_RESETS 16384

enum lb_seen {
  LB_SENT = 1,      ///< this host sent a reset
  LB_RECEIVED = 2,  ///< the peer sent a reset
};

struct lb_reset {
  __u64 cookie;  ///< 0: the place is empty or being changed
  __u32 reason;  ///< enum sk_rst_reason of the running kernel, if a reset was sent
  __u32 unread;
  __u32 unacknowledged;
  __u32 seen;  ///< bits LB_SENT and LB_RECEIVED
};
