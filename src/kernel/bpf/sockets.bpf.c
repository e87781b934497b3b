// Walks the descriptor tables of processes and writes each TCP socket with its options. sockets.cpp loads this program.
//
// The program takes no reference to a file, so it delays no close() of the process. The kernel's own walk
// (iter/task_file) takes one: a close() meanwhile sends no FIN until our read(2) returns (fs/file_table.c
// __fput_deferred). The price: the kernel may free a file, and reuse its memory, while the program reads it. Therefore
// all reads are checked (probe_read). The tables stay while the program runs (RCU). A socket that is no longer in the
// table at the end is not reported.
#include "kernel/bpf/socket.h"
#include "kernel/bpf/types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

// Constants of net/ipv4 that the type information lacks.
enum { kTcp = 6, kIp6 = 10, kStream = 1, kListening = 10, kNonBlocking = 04000 };
enum { kNagleOff = 1, kSynSent = 2, kSynReceived = 3, kFinWait1 = 4, kLastAck = 9, kClosing = 11 };

/// Ticks per second, the unit of the kernel's times. sockets.cpp sets it. libbpf would read CONFIG_HZ from the kernel's
/// configuration, which a container does not have.
const volatile __u32 ticks_per_second = 0;

static __always_inline void take_addresses(const struct sock* sk, struct lb_socket* out) {
  out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  out->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
  if (out->family == kIp6) {
    bpf_core_read(out->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
    bpf_core_read(out->remote, 16, &sk->__sk_common.skc_v6_daddr);
  } else {
    bpf_core_read(out->local, 4, &sk->__sk_common.skc_rcv_saddr);
    bpf_core_read(out->remote, 4, &sk->__sk_common.skc_daddr);
  }
}

static __always_inline void take_options(const struct sock* sk, struct lb_socket* out) {
  const struct tcp_sock* tp = (const struct tcp_sock*)sk;
  const struct inet_connection_sock* icsk = (const struct inet_connection_sock*)sk;
  const unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);
  const __u32 hz = ticks_per_second;
  if (hz == 0) return;
  out->linger_seconds = -1;
  if (flags & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_LINGER)))
    out->linger_seconds = (__s32)(BPF_CORE_READ(sk, sk_lingertime) / hz);
  out->keepalive = (flags & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_KEEPOPEN))) != 0;
  out->linger2_seconds = BPF_CORE_READ(tp, linger2);
  if (out->linger2_seconds > 0) out->linger2_seconds = (__s32)((__u32)out->linger2_seconds / hz);
  out->keepalive_probes = BPF_CORE_READ(tp, keepalive_probes);
  out->keepalive_seconds = BPF_CORE_READ(tp, keepalive_time) / hz;
  out->keepalive_interval_seconds = BPF_CORE_READ(tp, keepalive_intvl) / hz;
  out->user_timeout_ms = BPF_CORE_READ(icsk, icsk_user_timeout);
  out->nodelay = (BPF_CORE_READ_BITFIELD_PROBED(tp, nonagle) & kNagleOff) != 0;
  out->reuse_address = BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse) != 0;
  out->reuse_port = BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport) != 0;
  out->receive_buffer = BPF_CORE_READ(sk, sk_rcvbuf);
  out->send_buffer = BPF_CORE_READ(sk, sk_sndbuf);
  out->buffers_fixed = BPF_CORE_READ(sk, sk_userlocks) & 3;
}

static __always_inline void take_queues(const struct sock* sk, struct lb_socket* out) {
  const struct tcp_sock* tp = (const struct tcp_sock*)sk;
  if (out->state == kListening) {
    out->is_listening = 1;
    out->backlog = BPF_CORE_READ(sk, sk_ack_backlog);
    out->backlog_limit = BPF_CORE_READ(sk, sk_max_ack_backlog);
    return;
  }
  if (out->state == kSynSent || out->state == kSynReceived) return;
  const __u32 written = BPF_CORE_READ(tp, write_seq);
  out->unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
  out->unacknowledged = written - BPF_CORE_READ(tp, snd_una);
  out->unsent = written - BPF_CORE_READ(tp, snd_nxt);
  out->send_window = BPF_CORE_READ(tp, snd_wnd);
  // A FIN takes a sequence number but is no byte of the program.
  const unsigned long done = 1ul << bpf_core_enum_value(enum sock_flags, SOCK_DONE);
  if (out->unread > 0 && (BPF_CORE_READ(sk, __sk_common.skc_flags) & done)) --out->unread;
  if (out->state == kFinWait1 || out->state == kClosing || out->state == kLastAck) {
    if (out->unacknowledged > 0) --out->unacknowledged;
    if (out->unsent > 0) --out->unsent;
  }
}

enum { kFormat = 0170000, kSocketFile = 0140000, kPathOnly = 010000000 };  // of linux/stat.h and linux/fcntl.h

/// The first descriptor of this pass.
__u32 first = 0;
__u32 most = 0;  ///< the largest table's size so far

struct walk {
  struct bpf_iter__task* ctx;
  struct file** table;
  __u32 pid;
  char comm[16];
};

static __always_inline struct file* file_at(struct file** table, __u32 fd) {
  struct file* file = 0;
  bpf_probe_read_kernel(&file, sizeof file, &table[fd]);
  return file;
}

static __always_inline struct sock* socket_of(struct file* file) {
  if ((BPF_CORE_READ(file, f_inode, i_mode) & kFormat) != kSocketFile) return 0;
  if (BPF_CORE_READ(file, f_flags) & kPathOnly) return 0;
  struct socket* socket = BPF_CORE_READ(file, private_data);
  return socket ? BPF_CORE_READ(socket, sk) : 0;
}

static long each_descriptor(__u32 index, struct walk* walk) {
  const __u32 fd = first + index;
  struct file* file = file_at(walk->table, fd);
  if (!file) return 0;
  struct sock* sk = socket_of(file);
  if (!sk) return 0;
  if (BPF_CORE_READ(sk, sk_protocol) != kTcp || BPF_CORE_READ(sk, sk_type) != kStream) return 0;
  struct lb_socket out;
  __builtin_memset(&out, 0, sizeof out);
  out.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
  out.network = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  out.pid = walk->pid;
  out.fd = fd;
  out.state = BPF_CORE_READ(sk, __sk_common.skc_state);
  out.non_blocking = (BPF_CORE_READ(file, f_flags) & kNonBlocking) != 0;
  __builtin_memcpy(out.comm, walk->comm, sizeof out.comm);
  take_addresses(sk, &out);
  take_options(sk, &out);
  take_queues(sk, &out);
  if (file_at(walk->table, fd) != file || socket_of(file) != sk) return 0;
  bpf_seq_write(walk->ctx->meta->seq, &out, sizeof out);
  return 0;
}

SEC("iter/task")
int each_process(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  if (!task) return 0;
  // Threads share the table: the program visits it once per process.
  if (task->pid != task->tgid) return 0;
  struct fdtable* table = BPF_CORE_READ(task, files, fdt);
  if (!table) return 0;
  const __u32 size = BPF_CORE_READ(table, max_fds);
  if (size > most) most = size;
  if (size <= first) return 0;
  struct walk walk = {.ctx = ctx, .table = BPF_CORE_READ(table, fd), .pid = task->tgid};
  bpf_core_read(walk.comm, sizeof walk.comm, &task->comm);
  const __u32 rest = size - first;
  bpf_loop(rest < kDescriptorsAtOnce ? rest : kDescriptorsAtOnce, each_descriptor, &walk, 0);
  return 0;
}
