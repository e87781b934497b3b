// Records by cookie which end reset a connection, and why, in a table that user space reads from mapped memory without
// a system call. resets.cpp loads this program.
#include "kernel/bpf/reset.h"
#include "kernel/bpf/types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, LB_RESETS);
  __type(key, __u32);
  __type(value, struct lb_reset);
} resets SEC(".maps");

/// Returns the place of a cookie, after writing the cookie to it. A place that another connection's reset used is
/// overwritten. The atomic exchanges are barriers: a reader compares the cookie before and after it reads, and the
/// other fields change only while the cookie is 0.
static __always_inline struct lb_reset* place_of(__u64 cookie) {
  const __u32 at = (__u32)cookie & (LB_RESETS - 1);
  struct lb_reset* place = bpf_map_lookup_elem(&resets, &at);
  if (place && place->cookie != cookie) {
    __sync_lock_test_and_set(&place->cookie, 0);
    place->seen = 0;
    place->reason = 0;
    place->unread = 0;
    place->unacknowledged = 0;
    __sync_lock_test_and_set(&place->cookie, cookie);
  }
  return place;
}

static __always_inline bool has_queues(const struct sock* sk) {
  const __u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
  enum { kSynSent = 2, kTimeWait = 6, kListening = 10, kNewSynReceived = 12 };
  return state != kSynSent && state != kTimeWait && state != kListening && state != kNewSynReceived;
}

static __always_inline void count_queues(const struct sock* sk, struct lb_reset* place) {
  if (!has_queues(sk)) return;
  const struct tcp_sock* tp = (const struct tcp_sock*)sk;
  place->unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
  place->unacknowledged = BPF_CORE_READ(tp, write_seq) - BPF_CORE_READ(tp, snd_una);
}

SEC("tp_btf/tcp_send_reset")
int note_send_reset(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk) return 0;
  struct lb_reset* place = place_of(bpf_get_socket_cookie(sk));
  if (!place || (place->seen & LB_SENT)) return 0;
  place->reason = bpf_core_type_exists(enum sk_rst_reason) ? (__u32)ctx[2] : 0;
  if (place->seen == 0) count_queues(sk, place);
  __sync_fetch_and_or(&place->seen, LB_SENT);
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int note_receive_reset(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk) return 0;
  struct lb_reset* place = place_of(bpf_get_socket_cookie(sk));
  if (!place || (place->seen & LB_RECEIVED)) return 0;
  if (place->seen == 0) count_queues(sk, place);
  __sync_fetch_and_or(&place->seen, LB_RECEIVED);
  return 0;
}
