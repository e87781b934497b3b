#include "doctor/collect.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/descriptor.h"
#include "doctor/abilities.h"
#include "doctor/rules/looks.h"
#include "doctor/target.h"
#include "kernel/proc/holders.h"
#include "kernel/reset/reasons.h"
#include "net/diag/sockets.h"
#include "net/namespace/enter.h"
#include "net/root/open.h"

namespace lastbyte::doctor {
namespace {

constexpr std::array<std::string_view, 31> kSettings{"net.ipv4.tcp_tw_reuse",
                                                     "net.ipv4.tcp_tw_reuse_delay",
                                                     "net.ipv4.tcp_timestamps",
                                                     "net.ipv4.ip_local_port_range",
                                                     "net.ipv4.ip_local_reserved_ports",
                                                     "net.core.somaxconn",
                                                     "net.ipv4.tcp_syncookies",
                                                     "net.ipv4.tcp_max_syn_backlog",
                                                     "net.ipv4.tcp_abort_on_overflow",
                                                     "net.ipv4.tcp_fin_timeout",
                                                     "net.ipv4.tcp_orphan_retries",
                                                     "net.ipv4.tcp_retries2",
                                                     "net.ipv4.tcp_syn_retries",
                                                     "net.ipv4.tcp_rfc1337",
                                                     "net.ipv4.tcp_challenge_ack_limit",
                                                     "net.ipv4.tcp_keepalive_time",
                                                     "net.ipv4.tcp_congestion_control",
                                                     "net.ipv4.tcp_allowed_congestion_control",
                                                     "net.ipv4.tcp_mtu_probing",
                                                     "net.ipv4.ip_no_pmtu_disc",
                                                     "net.ipv4.tcp_max_orphans",
                                                     "net.ipv4.tcp_max_tw_buckets",
                                                     "net.ipv4.tcp_mem",
                                                     "net.netfilter.nf_conntrack_max",
                                                     "net.netfilter.nf_conntrack_count",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_established",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
                                                     "fs.file-nr",
                                                     "kernel.io_uring_disabled",
                                                     "kernel.unprivileged_bpf_disabled"};

using Look = std::vector<net::diag::Socket>;

/// Reads all TCP sockets of the namespace. Adds to `unread` what it could not read.
Result<Look> look(int network, std::vector<std::string>& unread) {
  Look all;
  const auto entered = net::run_inside(network, [&] {
    for (const int family : {AF_INET, AF_INET6}) {
      net::diag::Filter filter;
      filter.family = family;
      filter.with_details = true;
      const auto asked = net::diag::for_each_socket(filter, [&](const auto& each) { all.push_back(each); });
      if (!asked) unread.push_back(asked.error().text());
    }
  });
  if (!entered) return Failure(entered.error());
  return all;
}

/// Finds the owners by BPF, which sees all processes at once. Where BPF does not load, by /proc.
Owners find_owners(std::vector<std::string>& unread) {
  Owners owners;
  if (const auto sockets = kernel::list_sockets()) {
    for (const kernel::ProcessSocket& each : *sockets)
      if (each.cookie != 0) owners.by_cookie.try_emplace(each.cookie, each.process);
    return owners;
  }
  const auto holders = kernel::socket_holders();
  for (const auto& [inode, pid] : holders.pid_of_inode) owners.by_inode[inode] = {pid, kernel::comm_of(pid)};
  if (holders.hidden != 0)
    unread.push_back("the owners of some sockets: /proc hides the descriptors of " + std::to_string(holders.hidden) +
                     (holders.hidden == 1 ? " process" : " processes"));
  return owners;
}

/// Some settings exist once per kernel, and only the first namespace shows them. The doctor reads those outside
/// `network`.
Result<kernel::Sysctls> read_settings(int network) {
  auto settings = kernel::read_sysctls(kSettings, network);
  if (!settings || network < 0) return settings;
  const auto here = kernel::read_sysctls(kSettings);
  if (here)
    for (const auto& [name, value] : here->all())
      if (!settings->text(name)) settings->set(name, value);
  return settings;
}

}  // namespace

Result<Facts> collect(const Asked& asked) {
  Facts facts;
  facts.stuck_after = asked.stuck_after;
  facts.half_closed_after = asked.half_closed_after;
  facts.enter = asked.enter;
  auto before = kernel::read_counters(asked.network);
  if (!before) return Failure(before.error());
  const auto first = look(asked.network, facts.unread);
  if (!first) return Failure(first.error());
  if (asked.pid) {
    auto process = look_at(*asked.pid, asked.intrusive, *first, facts.unread);
    if (!process) return Failure(process.error());
    facts.process = std::move(*process);
  }
  const Descriptor watched(facts.process ? static_cast<int>(::syscall(SYS_pidfd_open, facts.process->name.pid, 0))
                                         : -1);
  facts.abilities = abilities();
  facts.own_seccomp = seccomp_of("self");
  if (const auto reasons = kernel::running_kernel_reasons())
    facts.unknown_reasons = kernel::compare_reasons(*reasons).undescribed;
  std::this_thread::sleep_for(asked.window);

  auto after = kernel::read_counters(asked.network);
  if (!after) return Failure(after.error());
  facts.window = after->since(*before);
  facts.total = std::move(*after);
  facts.watched = asked.window;
  auto sysctls = read_settings(asked.network);
  if (!sysctls) return Failure(sysctls.error());
  facts.sysctls = std::move(*sysctls);
  std::vector<std::string> told_already;
  const auto second = look(asked.network, told_already);
  if (!second) return Failure(second.error());
  facts.sockets = compare_looks(*first, *second, find_owners(facts.unread));
  if (facts.process) {
    add_figures(facts.process->sockets, facts.sockets);
    facts.process->ended = !watched || !net::still_lives(watched);
  }
  return facts;
}

}  // namespace lastbyte::doctor
