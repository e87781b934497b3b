// Walks the TCP sockets of a network namespace (iter/tcp) and writes each one in TIME_WAIT. timewaits.cpp loads this
// program.
#include <linux/types.h>

#include "kernel/bpf/types.bpf.h"
#include "kernel/timewait/timewait.h"

char LICENSE[] SEC("license") = "GPL";

enum { kInTimeWait = 6, kFamilyIp6 = 10 };

SEC("iter/tcp")
int each_time_wait(struct bpf_iter__tcp* ctx) {
  const struct sock_common* sk = ctx->sk_common;
  if (!sk || BPF_CORE_READ(sk, skc_state) != kInTimeWait) return 0;
  struct lb_time_wait out = {};
  out.family = BPF_CORE_READ(sk, skc_family);
  out.local_port = BPF_CORE_READ(sk, skc_num);
  out.remote_port = __builtin_bswap16(BPF_CORE_READ(sk, skc_dport));
  if (out.family == kFamilyIp6) {
    bpf_core_read(out.local, 16, &sk->skc_v6_rcv_saddr);
    bpf_core_read(out.remote, 16, &sk->skc_v6_daddr);
  } else {
    bpf_core_read(out.local, 4, &sk->skc_rcv_saddr);
    bpf_core_read(out.remote, 4, &sk->skc_daddr);
  }
  const struct tcp_timewait_sock* tw = (const struct tcp_timewait_sock*)sk;
  out.recent = BPF_CORE_READ(tw, tw_ts_recent);
  out.recent_stamp = BPF_CORE_READ(tw, tw_ts_recent_stamp);
  bpf_seq_write(ctx->meta->seq, &out, sizeof out);
  return 0;
}
