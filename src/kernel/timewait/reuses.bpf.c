// Counts what tcp_twsk_unique() returned: whether the kernel gave a port in TIME_WAIT to a new connection
// (net/ipv4/tcp_ipv4.c). reuses.cpp loads this program.
#include <linux/types.h>

#include "kernel/bpf/types.bpf.h"
#include "kernel/timewait/reuse.h"

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u32);  // the network namespace's inode
  __type(value, struct lb_reuse);
} reuses SEC(".maps");

SEC("fexit/tcp_twsk_unique")
int twsk_unique_returned(__u64* arguments) {
  const struct sock* sk = (const struct sock*)arguments[0];
  const int returned = (int)arguments[3];  // behind the three arguments
  const __u32 network = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  struct lb_reuse* found = bpf_map_lookup_elem(&reuses, &network);
  if (!found) {
    const struct lb_reuse none = {};
    bpf_map_update_elem(&reuses, &network, &none, BPF_NOEXIST);
    found = bpf_map_lookup_elem(&reuses, &network);
    if (!found) return 0;
  }
  __sync_fetch_and_add(returned ? &found->allowed : &found->refused, 1);
  return 0;
}
