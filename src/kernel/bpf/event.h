// What our programs in the kernel write and the rest of the program reads: plain C, for both.
#pragma once

#include <linux/types.h>

/// What has happened to a connection.
enum lb_kind {
  LB_RESET_SENT = 0,
  LB_RESET_RECEIVED = 1,
  LB_CLOSED = 2,       ///< without a reset
  LB_TIMED_OUT = 3,    ///< a retransmission after its timeout
  LB_TIME_WAIT = 4,    ///< it became a socket in TIME_WAIT
  LB_PORT_REUSED = 5,  ///< established with the addresses and ports of one that was in TIME_WAIT
  LB_STATE = 6,        ///< the state of a socket has changed
};

enum lb_flag {
  LB_BORN = 1,           ///< born_ns is when the connection began; without it, when we first saw it
  LB_OWNER_LISTENS = 2,  ///< pid is that of the listener, and may be another than that of the connection
  LB_IN_CALL = 4,        ///< no segment caused it: caller_pid may be whose call it was
  LB_HAS_SOCKET = 8,     ///< without it, no socket had these addresses
  LB_COUNTED = 16,       ///< unread, unacknowledged and unsent are known
};

/// One event. Addresses are those of this host (local) and of its peer (remote), whichever sent the segment.
struct lb_event {
  __u64 time_ns;  ///< CLOCK_MONOTONIC
  __u64 born_ns;  ///< the same clock; 0: unknown
  __u64 cookie;   ///< SO_COOKIE; 0: unknown
  __u32 network;  ///< the namespace's inode; 0: unknown
  __u32 pid;      ///< of the process that owns the socket; 0: unknown
  __u32 caller_pid;
  __u32 unread;          ///< bytes received that the program has not read
  __u32 unacknowledged;  ///< bytes of the program that the peer's kernel has not acknowledged, unsent ones too
  __u32 unsent;          ///< of these, never sent
  __u32
      reason;  ///< of LB_RESET_SENT: enum sk_rst_reason. Of LB_TIMED_OUT: how many in a row. Of LB_STATE: the new state
  __u16 family;
  __u16 local_port;
  __u16 remote_port;
  __u8 kind;
  __u8 state;  ///< of the connection before it
  __u8 flags;
  __u8 padding[3];
  __u8 local[16];
  __u8 remote[16];
  char comm[16];
  char caller_comm[16];
};

/// What the programs remember of a connection or a listener, by its cookie, or by its address in the kernel where
/// cookies cannot be asked for.
struct lb_known {
  __u64 born_ns;
  __u32 pid;
  __u8 flags;  ///< LB_BORN, LB_OWNER_LISTENS
  __u8 last_state;
  __u8 padding[2];
  char comm[16];
};

struct lb_listener {
  __u32 network;
  __u16 port;
  __u16 padding;
};

/// Addresses and ports of a connection.
struct lb_pair {
  __u32 network;
  __u16 local_port;
  __u16 remote_port;
  __u8 local[16];
  __u8 remote[16];
};
