// A TCP socket in TIME_WAIT, as the BPF iterator writes it. Plain C, for both.
#pragma once

#include <linux/types.h>

struct lb_time_wait {
  __u16 family;
  __u16 local_port;
  __u16 remote_port;
  __u16 padding;
  __u8 local[16];
  __u8 remote[16];
  __u32 recent;        ///< the peer's last time stamp (TSval); 0: it sent none
  __s32 recent_stamp;  ///< arrival time of `recent`, seconds of the time of day; 0: it sent none
};
