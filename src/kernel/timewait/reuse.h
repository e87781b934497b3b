// What tcp_twsk_unique() returned in one network namespace, as the BPF program counts it. Plain C, for both.
#pragma once

#include <linux/types.h>

struct lb_reuse {
  __u64 allowed;  ///< it returned 1: the new connection takes the port
  __u64 refused;  ///< it returned 0
};
