// A TCP socket in a process's table of descriptors, as the BPF iterator writes it. Plain C, for both.
#pragma once

#include <linux/types.h>

/// The number of descriptors of each process in one pass of the iterator. What a pass writes for one process must fit
/// into the iterator's buffer (32 KiB; kernel/bpf/bpf_iter.c).
enum { kDescriptorsAtOnce = 128 };

struct lb_socket {
  __u64 cookie;
  __u32 network;  ///< the namespace's inode
  __u32 pid;
  __u32 fd;
  __u16 family;
  __u16 local_port;
  __u16 remote_port;
  __u8 state;
  __u8 nodelay;
  __u8 local[16];
  __u8 remote[16];
  char comm[16];
  __u32 unread;
  __u32 unacknowledged;
  __u32 unsent;
  __u32 send_window;      ///< the peer's window, bytes
  __s32 linger_seconds;   ///< SO_LINGER; -1: off
  __s32 linger2_seconds;  ///< TCP_LINGER2; 0: the system's default
  __u8 keepalive;         ///< SO_KEEPALIVE
  __u8 keepalive_probes;  ///< 0 here and in the next two: the system's default
  __u8 reuse_address;
  __u8 reuse_port;
  __u32 keepalive_seconds;
  __u32 keepalive_interval_seconds;
  __u32 user_timeout_ms;  ///< 0: off
  __s32 receive_buffer;
  __s32 send_buffer;
  __u8 buffers_fixed;  ///< bit 0: SO_SNDBUF was set, bit 1: SO_RCVBUF was
  __u8 non_blocking;   ///< of the open file
  __u8 is_listening;
  __u8 padding;
  __u32 backlog;  ///< listener: connections that wait for accept(); `backlog_limit`: the most that may wait
  __u32 backlog_limit;
};
