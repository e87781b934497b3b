// The fields of the kernel's structures that the BPF programs read, and no others: libbpf finds their places in the
// running kernel (CO-RE). For BPF programs only.
#pragma once

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>

#define FOUND_BY_NAME __attribute__((preserve_access_index))

struct ns_common {
  unsigned int inum;
} FOUND_BY_NAME;

struct net {
  struct ns_common ns;
} FOUND_BY_NAME;

typedef struct {
  struct net* net;
} possible_net_t;

struct in6_addr {
  __u8 bytes_[16];
};

typedef struct {
  __s64 counter;
} atomic64_t;

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  unsigned char skc_reuse : 4;
  unsigned char skc_reuseport : 1;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  atomic64_t skc_cookie;
  unsigned long skc_flags;
} FOUND_BY_NAME;

struct sock {
  struct sock_common __sk_common;
  __u16 sk_protocol;
  __u16 sk_type;
  __u8 sk_userlocks;
  int sk_rcvbuf;
  int sk_sndbuf;
  int sk_err;
  __u32 sk_ack_backlog;
  __u32 sk_max_ack_backlog;

  unsigned long sk_lingertime;
} FOUND_BY_NAME;

struct inet_sock {
  __be16 inet_sport;
} FOUND_BY_NAME;

struct inet_connection_sock {
  __u8 icsk_ca_state : 5;
  __u8 icsk_retransmits;
  __u32 icsk_user_timeout;
} FOUND_BY_NAME;

struct tcp_sock {
  __u32 copied_seq;
  __u32 rcv_nxt;
  __u32 write_seq;
  __u32 snd_nxt;
  __u32 snd_una;
  __u32 snd_wnd;
  __u8 nonagle : 4;
  __u8 keepalive_probes;
  unsigned int keepalive_time;
  unsigned int keepalive_intvl;
  int linger2;
} FOUND_BY_NAME;

struct net_device {
  possible_net_t nd_net;
} FOUND_BY_NAME;

struct sk_buff {
  struct net_device* dev;
  unsigned char* head;
  __u16 transport_header;
  __u16 network_header;
} FOUND_BY_NAME;

struct inode {
  unsigned short i_mode;
} FOUND_BY_NAME;

struct tcp_timewait_sock {
  int tw_ts_recent_stamp;
  __u32 tw_ts_recent;
} FOUND_BY_NAME;

struct file {
  unsigned int f_flags;
  struct inode* f_inode;
  void* private_data;
} FOUND_BY_NAME;

struct fdtable {
  unsigned int max_fds;
  struct file** fd;
} FOUND_BY_NAME;

struct files_struct {
  struct fdtable* fdt;
} FOUND_BY_NAME;

struct socket {
  struct file* file;
  struct sock* sk;
} FOUND_BY_NAME;

struct task_struct {
  int pid;
  int tgid;
  struct task_struct* group_leader;
  struct files_struct* files;
  char comm[16];
} FOUND_BY_NAME;

struct seq_file {
  __u64 index;
} FOUND_BY_NAME;

struct bpf_iter_meta {
  struct seq_file* seq;
  __u64 session_id;
  __u64 seq_num;
} FOUND_BY_NAME;

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
} FOUND_BY_NAME;

struct bpf_iter__tcp {
  struct bpf_iter_meta* meta;
  struct sock_common* sk_common;
} FOUND_BY_NAME;

enum sk_rst_reason { SK_RST_REASON_NOT_SPECIFIED };

enum sock_flags { SOCK_DONE = 1, SOCK_KEEPOPEN = 3, SOCK_LINGER = 4 };
