// Watches connections end, at the tracepoints of TCP. Each program is attached as a typed tracepoint (tp_btf) where the
// kernel supports it, otherwise as a raw one. tracer.cpp loads these programs.
#include "kernel/bpf/event.h"
#include "kernel/bpf/types.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/// The kinds of events to report: bits 1 << enum lb_kind.
const volatile __u32 wanted = 3;
/// The inode of the only network namespace to report; 0: all.
const volatile __u32 only_network = 0;

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 65536);
  __type(key, __u64);
  __type(value, struct lb_known);
} known SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, struct lb_listener);
  __type(value, struct lb_known);
} listeners SEC(".maps");

/// The time since when these addresses have been in TIME_WAIT.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct lb_pair);
  __type(value, __u64);
} resting SEC(".maps");

/// Number of events dropped because the ring was full.
__u64 lost = 0;

// include/net/tcp_states.h
enum {
  kEstablished = 1,
  kSynSent = 2,
  kSynReceived = 3,
  kFinWait1 = 4,
  kFinWait2 = 5,
  kTimeWait = 6,
  kClosed = 7,
  kLastAck = 9,
  kListening = 10,
  kClosing = 11,
  kNewSynReceived = 12,
};
enum { kTcp = 6, kIp4 = 2, kIp6 = 10, kLossRecovery = 4 };

static __always_inline bool is_full(const struct sock* sk) {
  const __u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
  return state != kTimeWait && state != kNewSynReceived;
}

static __always_inline __u32 network_of(const struct sock* sk) {
  return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/// Returns the pid of the current process and copies the name of its first thread.
static __always_inline __u32 take_process(char (*comm)[16]) {
  const struct task_struct* task = (const struct task_struct*)bpf_get_current_task();
  const struct task_struct* leader = BPF_CORE_READ(task, group_leader);
  bpf_core_read(comm, sizeof *comm, &leader->comm);
  return bpf_get_current_pid_tgid() >> 32;
}

static __always_inline bool is_wanted(int kind) { return wanted & (1u << kind); }

static __always_inline void put_ip4(__u8* to, __be32 address) { __builtin_memcpy(to, &address, 4); }

static __always_inline void take_pair(const struct sock* sk, struct lb_event* event) {
  event->family = BPF_CORE_READ(sk, __sk_common.skc_family);
  event->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  // A closed socket has returned its port, but inet_sport still has it (net/ipv4/inet_hashtables.c inet_put_port).
  if (event->local_port == 0 && is_full(sk))
    event->local_port = __builtin_bswap16(BPF_CORE_READ((const struct inet_sock*)sk, inet_sport));
  event->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
  if (event->family == kIp6) {
    bpf_core_read(event->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
    bpf_core_read(event->remote, 16, &sk->__sk_common.skc_v6_daddr);
  } else {
    put_ip4(event->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
    put_ip4(event->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
  }
}

/// `skb` is the segment that the reset answers: the remote side sent it.
static __always_inline void take_pair_of_segment(const struct sk_buff* skb, struct lb_event* event) {
  const unsigned char* head = BPF_CORE_READ(skb, head);
  const unsigned char* ip = head + BPF_CORE_READ(skb, network_header);
  const unsigned char* tcp = head + BPF_CORE_READ(skb, transport_header);
  __u8 version = 0;
  bpf_probe_read_kernel(&version, 1, ip);
  if (version >> 4 == 6) {
    event->family = kIp6;
    bpf_probe_read_kernel(event->remote, 16, ip + 8);
    bpf_probe_read_kernel(event->local, 16, ip + 24);
  } else {
    event->family = kIp4;
    bpf_probe_read_kernel(event->remote, 4, ip + 12);
    bpf_probe_read_kernel(event->local, 4, ip + 16);
  }
  __be16 ports[2] = {};
  bpf_probe_read_kernel(ports, sizeof ports, tcp);
  event->remote_port = __builtin_bswap16(ports[0]);
  event->local_port = __builtin_bswap16(ports[1]);
}

/// Counts the bytes of the program. A FIN takes a sequence number in each direction, and is subtracted. SOCK_DONE says
/// that the peer's FIN came (net/ipv4/tcp_input.c tcp_fin); the state says that our FIN is not acknowledged.
static __always_inline void count_bytes(const struct sock* sk, struct lb_event* event) {
  if (event->state == kSynSent || event->state == kListening || event->state == kSynReceived) return;
  const struct tcp_sock* tp = (const struct tcp_sock*)sk;
  const __u32 written = BPF_CORE_READ(tp, write_seq);
  event->unread = BPF_CORE_READ(tp, rcv_nxt) - BPF_CORE_READ(tp, copied_seq);
  event->unacknowledged = written - BPF_CORE_READ(tp, snd_una);
  event->unsent = written - BPF_CORE_READ(tp, snd_nxt);
  const unsigned long done = 1ul << bpf_core_enum_value(enum sock_flags, SOCK_DONE);
  if (event->unread > 0 && (BPF_CORE_READ(sk, __sk_common.skc_flags) & done)) --event->unread;
  if (event->state == kFinWait1 || event->state == kClosing || event->state == kLastAck) {
    if (event->unacknowledged > 0) --event->unacknowledged;
    if (event->unsent > 0) --event->unsent;
  }
  event->flags |= LB_COUNTED;
}

static __always_inline void take_known(const struct lb_known* entry, struct lb_event* event) {
  event->born_ns = entry->born_ns;
  event->pid = entry->pid;
  event->flags |= entry->flags;
  __builtin_memcpy(event->comm, entry->comm, sizeof event->comm);
}

static __always_inline void take_listener(struct lb_event* event) {
  struct lb_listener key = {.network = event->network, .port = event->local_port};
  const struct lb_known* entry = bpf_map_lookup_elem(&listeners, &key);
  if (!entry) return;
  event->pid = entry->pid;
  event->flags |= LB_OWNER_LISTENS;
  __builtin_memcpy(event->comm, entry->comm, sizeof event->comm);
}

static __always_inline void begin(struct lb_event* event, int kind) {
  __builtin_memset(event, 0, sizeof *event);
  event->kind = kind;
  event->time_ns = bpf_ktime_get_ns();
}

static __always_inline void emit(const struct lb_event* event) {
  if (only_network != 0 && event->network != only_network) return;
  if (bpf_ringbuf_output(&events, (void*)event, sizeof *event, 0) != 0) __sync_fetch_and_add(&lost, 1);
}

/// `key` is the key in `known`. `cookie` is 0 where the program cannot get it.
static __always_inline int on_send_reset(const struct sock* sk, const struct sk_buff* skb, __u32 reason, __u64 key,
                                         __u64 cookie) {
  if (!is_wanted(LB_RESET_SENT)) return 0;
  struct lb_event event;
  begin(&event, LB_RESET_SENT);
  event.reason = reason;
  event.cookie = cookie;
  if (sk) {
    event.flags |= LB_HAS_SOCKET;
    event.network = network_of(sk);
    event.state = BPF_CORE_READ(sk, __sk_common.skc_state);
  } else if (skb) {
    event.network = BPF_CORE_READ(skb, dev, nd_net.net, ns.inum);
  }
  if (skb) {
    take_pair_of_segment(skb, &event);
  } else if (sk) {
    event.flags |= LB_IN_CALL;
    event.caller_pid = take_process(&event.caller_comm);
    take_pair(sk, &event);
  }
  const struct lb_known* entry = sk ? bpf_map_lookup_elem(&known, &key) : 0;
  if (entry) {
    take_known(entry, &event);
    if (event.state == kClosed && entry->last_state != 0) event.state = entry->last_state;
  }
  if (event.pid == 0) take_listener(&event);
  if (sk && is_full(sk)) count_bytes(sk, &event);
  emit(&event);
  return 0;
}

static __always_inline void take_socket(const struct sock* sk, __u64 key, __u64 cookie, struct lb_event* event) {
  event->cookie = cookie;
  event->flags |= LB_HAS_SOCKET;
  event->network = network_of(sk);
  event->state = BPF_CORE_READ(sk, __sk_common.skc_state);
  take_pair(sk, event);
  const struct lb_known* entry = bpf_map_lookup_elem(&known, &key);
  if (entry) take_known(entry, event);
  if (event->pid == 0) take_listener(event);
}

static __always_inline int on_receive_reset(const struct sock* sk, __u64 key, __u64 cookie) {
  if (!is_wanted(LB_RESET_RECEIVED)) return 0;
  struct lb_event event;
  begin(&event, LB_RESET_RECEIVED);
  take_socket(sk, key, cookie, &event);
  count_bytes(sk, &event);
  emit(&event);
  return 0;
}

static __always_inline int on_retransmit(const struct sock* sk, __u64 key, __u64 cookie) {
  if (!is_wanted(LB_TIMED_OUT) || !is_full(sk)) return 0;
  const struct inet_connection_sock* icsk = (const struct inet_connection_sock*)sk;
  const __u8 in_a_row = BPF_CORE_READ(icsk, icsk_retransmits);
  // SACK retransmissions and tail loss probes are no timeouts (net/ipv4/tcp_timer.c tcp_retransmit_timer).
  if (in_a_row == 0 || BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state) != kLossRecovery) return 0;
  struct lb_event event;
  begin(&event, LB_TIMED_OUT);
  take_socket(sk, key, cookie, &event);
  event.reason = in_a_row;
  count_bytes(sk, &event);
  emit(&event);
  return 0;
}

static __always_inline void pair_of(const struct lb_event* event, struct lb_pair* pair) {
  __builtin_memset(pair, 0, sizeof *pair);
  pair->network = event->network;
  pair->local_port = event->local_port;
  pair->remote_port = event->remote_port;
  __builtin_memcpy(pair->local, event->local, 16);
  __builtin_memcpy(pair->remote, event->remote, 16);
}

/// connect() and listen() run in the process that owns the socket. A segment creates an accepted connection, so its
/// owner is not known here.
static __always_inline void remember(const struct sock* sk, __u64 key, int state) {
  struct lb_known fresh;
  __builtin_memset(&fresh, 0, sizeof fresh);
  fresh.born_ns = bpf_ktime_get_ns();
  fresh.flags = LB_BORN;
  struct lb_listener listener = {.network = network_of(sk), .port = BPF_CORE_READ(sk, __sk_common.skc_num)};
  if (state == kEstablished) {
    const struct lb_known* entry = bpf_map_lookup_elem(&listeners, &listener);
    if (entry) {
      fresh.pid = entry->pid;
      fresh.flags |= LB_OWNER_LISTENS;
      __builtin_memcpy(fresh.comm, entry->comm, sizeof fresh.comm);
    }
  } else {
    fresh.pid = take_process(&fresh.comm);
  }
  bpf_map_update_elem(&known, &key, &fresh, BPF_ANY);
  if (state == kListening) bpf_map_update_elem(&listeners, &listener, &fresh, BPF_ANY);
}

static __always_inline void on_established(const struct sock* sk, __u64 key, __u64 cookie) {
  if (!is_wanted(LB_PORT_REUSED)) return;
  struct lb_event event;
  begin(&event, LB_PORT_REUSED);
  take_socket(sk, key, cookie, &event);
  struct lb_pair pair;
  pair_of(&event, &pair);
  const __u64* since = bpf_map_lookup_elem(&resting, &pair);
  if (!since) return;
  event.born_ns = *since;
  event.flags |= LB_BORN;
  bpf_map_delete_elem(&resting, &pair);
  emit(&event);
}

/// Whether tcp_time_wait() of net/ipv4/tcp_minisocks.c closes this socket and leaves a small one in its place. A reset
/// leaves none (tcp_reset() of tcp_input.c sets the error first), nor does SO_LINGER 0 or a negative TCP_LINGER2. An
/// orphan becomes a small socket in FIN_WAIT2 already; it enters TIME_WAIT with the peer's FIN, which no tracepoint
/// reports.
static __always_inline bool rests(const struct sock* sk, int before) {
  if ((before != kFinWait2 && before != kClosing) || BPF_CORE_READ(sk, sk_err) != 0) return false;
  const unsigned long flags = BPF_CORE_READ(sk, __sk_common.skc_flags);
  if (flags & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_DONE))) return true;
  const bool lingers = flags & (1ul << bpf_core_enum_value(enum sock_flags, SOCK_LINGER));
  if (lingers && BPF_CORE_READ(sk, sk_lingertime) == 0) return false;
  return BPF_CORE_READ((const struct tcp_sock*)sk, linger2) >= 0;
}

static __always_inline void on_closed(const struct sock* sk, int before, __u64 key, __u64 cookie) {
  const bool resting_now = rests(sk, before);
  if (!is_wanted(LB_CLOSED) && !(resting_now && (is_wanted(LB_TIME_WAIT) || is_wanted(LB_PORT_REUSED)))) return;
  struct lb_event event;
  begin(&event, resting_now ? LB_TIME_WAIT : LB_CLOSED);
  take_socket(sk, key, cookie, &event);
  event.state = before;
  count_bytes(sk, &event);
  if (resting_now) {
    struct lb_pair pair;
    pair_of(&event, &pair);
    bpf_map_update_elem(&resting, &pair, &event.time_ns, BPF_ANY);
    if (is_wanted(LB_TIME_WAIT)) emit(&event);
    event.kind = LB_CLOSED;
  }
  if (is_wanted(LB_CLOSED)) emit(&event);
}

/// Removes the listener: the next user of its port is another process. If other listeners share the port, their
/// connections get an owner at their first send or receive.
static __always_inline void forget_listener(const struct sock* sk) {
  struct lb_event event;
  begin(&event, LB_CLOSED);
  take_pair(sk, &event);
  struct lb_listener key = {.network = network_of(sk), .port = event.local_port};
  bpf_map_delete_elem(&listeners, &key);
}

static __always_inline void tell_state(const struct sock* sk, int before, int after, __u64 key, __u64 cookie) {
  if (!is_wanted(LB_STATE)) return;
  struct lb_event event;
  begin(&event, LB_STATE);
  take_socket(sk, key, cookie, &event);
  event.state = before;
  event.reason = after;
  emit(&event);
}

static __always_inline int on_state(const struct sock* sk, int before, int after, __u64 key, __u64 cookie) {
  if (BPF_CORE_READ(sk, sk_protocol) != kTcp) return 0;
  tell_state(sk, before, after, key, cookie);
  if (after == kSynSent || after == kListening || (after == kEstablished && before == kSynReceived))
    remember(sk, key, after);
  if (after == kEstablished) on_established(sk, key, cookie);
  if (after == kClosed) {
    struct lb_known* entry = bpf_map_lookup_elem(&known, &key);
    if (entry) entry->last_state = before;
    if (before == kListening)
      forget_listener(sk);
    else
      on_closed(sk, before, key, cookie);
  }
  return 0;
}

/// The process that sends or receives owns the socket.
static __always_inline int on_use(__u64 key) {
  struct lb_known* entry = bpf_map_lookup_elem(&known, &key);
  if (!entry || (entry->pid != 0 && !(entry->flags & LB_OWNER_LISTENS))) return 0;
  entry->pid = take_process(&entry->comm);
  entry->flags &= ~LB_OWNER_LISTENS;
  return 0;
}

// The reason is an argument since Linux 6.10. The kernel refuses to load a program that reads an argument too many;
// libbpf drops the read where the type is missing.
#define REASON_OF(ctx) (bpf_core_type_exists(enum sk_rst_reason) ? (__u32)(ctx)[2] : 0)

SEC("tp_btf/tcp_send_reset")
int typed_send_reset(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  struct sk_buff* skb = (struct sk_buff*)ctx[1];
  const __u64 cookie = sk ? bpf_get_socket_cookie(sk) : 0;
  return on_send_reset(sk, skb, REASON_OF(ctx), cookie, cookie);
}

SEC("tp_btf/tcp_receive_reset")
int typed_receive_reset(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk) return 0;
  const __u64 cookie = bpf_get_socket_cookie(sk);
  return on_receive_reset(sk, cookie, cookie);
}

SEC("tp_btf/inet_sock_set_state")
int typed_state(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk) return 0;
  const __u64 cookie = bpf_get_socket_cookie(sk);
  return on_state(sk, (int)ctx[1], (int)ctx[2], cookie, cookie);
}

SEC("tp_btf/tcp_retransmit_skb")
int typed_retransmit(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk) return 0;
  const __u64 cookie = bpf_get_socket_cookie(sk);
  return on_retransmit(sk, cookie, cookie);
}

SEC("tp_btf/sock_send_length")
int typed_send(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk || BPF_CORE_READ(sk, sk_protocol) != kTcp) return 0;
  return on_use(bpf_get_socket_cookie(sk));
}

SEC("tp_btf/sock_recv_length")
int typed_receive(__u64* ctx) {
  struct sock* sk = (struct sock*)ctx[0];
  if (!sk || BPF_CORE_READ(sk, sk_protocol) != kTcp) return 0;
  return on_use(bpf_get_socket_cookie(sk));
}

// A raw program may not ask for a cookie. It sees a cookie that somebody asked for before, and identifies sockets by
// their address.
#define COOKIE_OF(sk) ((sk) ? (__u64)BPF_CORE_READ((sk), __sk_common.skc_cookie.counter) : 0)

SEC("raw_tp/tcp_send_reset")
int raw_send_reset(__u64* ctx) {
  const struct sock* sk = (const struct sock*)ctx[0];
  return on_send_reset(sk, (const struct sk_buff*)ctx[1], REASON_OF(ctx), (__u64)sk, COOKIE_OF(sk));
}

SEC("raw_tp/tcp_receive_reset")
int raw_receive_reset(__u64* ctx) {
  const struct sock* sk = (const struct sock*)ctx[0];
  return on_receive_reset(sk, (__u64)sk, COOKIE_OF(sk));
}

SEC("raw_tp/inet_sock_set_state")
int raw_state(__u64* ctx) {
  const struct sock* sk = (const struct sock*)ctx[0];
  return on_state(sk, (int)ctx[1], (int)ctx[2], (__u64)sk, COOKIE_OF(sk));
}

SEC("raw_tp/tcp_retransmit_skb")
int raw_retransmit(__u64* ctx) {
  const struct sock* sk = (const struct sock*)ctx[0];
  return on_retransmit(sk, (__u64)sk, COOKIE_OF(sk));
}
