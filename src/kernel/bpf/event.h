// The events that the BPF programs write and user space reads. Plain C, for both.
#pragma once

#include <linux/types.h>

/// The kind of an event of a connection.
enum lb_kind {
  LB_RESET_SENT = 0,
  LB_RESET_RECEIVED = 1,
  LB_CLOSED = 2,       ///< the connection ended without a reset
  LB_TIMED_OUT = 3,    ///< the socket retransmitted after a timeout
  LB_TIME_WAIT = 4,    ///< the connection became a socket in TIME_WAIT
  LB_PORT_REUSED = 5,  ///< a connection was established with the addresses and ports of one in TIME_WAIT
  LB_STATE = 6,        ///< the state of a socket has changed
};

enum lb_flag {
  LB_BORN = 1,           ///< born_ns is when the connection began. Without this flag: when the tracer first saw it
  LB_OWNER_LISTENS = 2,  ///< pid names the listener's process; another process may own the connection
  LB_IN_CALL = 4,        ///< no segment caused the event: caller_pid may be the process whose call did
  LB_HAS_SOCKET = 8,     ///< Without this flag, no socket had these addresses
  LB_COUNTED = 16,       ///< unread, unacknowledged and unsent are valid
};

/// One event. `local` is the address of this host and `remote` that of its peer, whichever of them sent the segment.
struct lb_event {
  __u64 time_ns;  ///< CLOCK_MONOTONIC
  __u64 born_ns;  ///< the same clock; 0: unknown
  __u64 cookie;   ///< SO_COOKIE; 0: unknown
  __u32 network;  ///< the namespace's inode; 0: unknown
  __u32 pid;      ///< the process that owns the socket; 0: unknown
  __u32 caller_pid;
  __u32 unread;          ///< bytes that were received and the program has not read
  __u32 unacknowledged;  ///< bytes that the program wrote and the peer's kernel has not acknowledged, unsent bytes
                         ///< included
  __u32 unsent;          ///< the part of `unacknowledged` that was never sent
  /// LB_RESET_SENT: enum sk_rst_reason. LB_TIMED_OUT: number of timeouts in a row. LB_STATE: the new state.
  __u32 reason;
  __u16 family;
  __u16 local_port;
  __u16 remote_port;
  __u8 kind;
  __u8 state;  ///< the connection's state before the event
  __u8 flags;
  __u8 padding[3];
  __u8 local[16];
  __u8 remote[16];
  char comm[16];
  char caller_comm[16];
};

/// What the BPF programs remember of a connection or a listener. The key is its cookie, or its address in the kernel
/// where programs cannot get cookies.
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
