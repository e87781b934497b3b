// What is kept of a reset, by the cookie of its socket: plain C, for our programs in the kernel and for those that
// read.
#pragma once

#include <linux/types.h>

/// Places of the table; a power of two. Cookies grow by one, so that as many of the last sockets have a place each.
#define LB_RESETS 16384

enum lb_seen {
  LB_SENT = 1,      ///< this host has sent a reset
  LB_RECEIVED = 2,  ///< the peer has
};

struct lb_reset {
  __u64 cookie;  ///< 0: nothing, or in change
  __u32 reason;  ///< enum sk_rst_reason of the running kernel, where one was sent
  __u32 unread;
  __u32 unacknowledged;
  __u32 seen;  ///< LB_SENT, LB_RECEIVED
};
