// Rules about ports, tables, memory and descriptors that are nearly used up, and about what this host forbids.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "doctor/rules/words.h"
#include "net/address/ports.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using enum Severity;

constexpr std::string_view kReserved = "net.ipv4.ip_local_reserved_ports";
constexpr std::string_view kConntrackMax = "net.netfilter.nf_conntrack_max";
constexpr std::string_view kMaxOrphans = "net.ipv4.tcp_max_orphans";
constexpr std::string_view kMaxTimeWait = "net.ipv4.tcp_max_tw_buckets";
constexpr std::string_view kMemory = "net.ipv4.tcp_mem";
constexpr std::string_view kFiles = "fs.file-nr";
constexpr std::string_view kIoUring = "kernel.io_uring_disabled";
constexpr std::string_view kUnprivilegedBpf = "kernel.unprivileged_bpf_disabled";
constexpr std::size_t kMostListed = 8;

std::uint64_t unsigned_of(std::int64_t value) { return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0)); }

/// Reports a level near its limit: a warning from `percent` on, critical at the limit.
Found nearly_full(std::string_view what, std::int64_t used, std::int64_t limit, double percent,
                  std::string_view setting) {
  // Floating point avoids an overflow: a limit can be as large as the type (fs.file-max).
  if (limit <= 0 || static_cast<double>(used) * 100 < static_cast<double>(limit) * percent) return nothing();
  return one(fmt::format("{}: {}.", what, share(unsigned_of(used), unsigned_of(limit))),
             setting.empty() ? std::string() : set_to(setting, std::to_string(limit * 2)),
             used >= limit ? std::optional(critical) : std::nullopt);
}

struct Ports {
  std::int64_t first = 0;
  std::int64_t last = 0;
  [[nodiscard]] bool has(std::int64_t port) const { return first <= port && port <= last; }
  [[nodiscard]] std::int64_t count() const { return last - first + 1; }
};

std::optional<Ports> local_range(const Facts& facts) {
  const auto range = facts.sysctls.numbers(kPortRange);
  if (range.size() != 2 || range[1] < range[0]) return std::nullopt;
  return Ports{range[0], range[1]};
}

/// Parses "8080,9000-9010", the kernel's form of the setting.
std::vector<Ports> reserved_ports(const Facts& facts) {
  std::vector<Ports> all;
  const auto parsed = net::Ports::parse(facts.sysctls.text(kReserved).value_or(""), 1);
  if (parsed)
    for (const net::PortRange& each : parsed->ranges()) all.push_back({each.first, each.last});
  return all;
}

Found listeners_in_range(const Facts& facts) {
  const auto range = local_range(facts);
  if (!range) return nothing();
  const auto reserved = reserved_ports(facts);
  std::set<std::uint16_t> inside;
  for (const Socket& each : facts.sockets) {
    const std::uint16_t port = each.tcp.local.port();
    const bool kept = std::ranges::any_of(reserved, [&](const Ports& ports) { return ports.has(port); });
    if (each.tcp.state == State::listening && range->has(port) && !kept) inside.insert(port);
  }
  if (inside.empty()) return nothing();
  std::string listed;  // the first few, for the evidence
  std::string all = facts.sysctls.text(kReserved).value_or("");
  std::size_t told = 0;
  for (const std::uint16_t port : inside) {
    const std::string text = std::to_string(port);
    if (told++ < kMostListed) listed += (listed.empty() ? "" : ", ") + text;
    all += (all.empty() ? "" : ",") + text;
  }
  const std::string more = inside.size() > kMostListed ? fmt::format(" and {} more", inside.size() - kMostListed) : "";
  return one(
      fmt::format("Listeners on ports {}{}; {} is {} to {}.", listed, more, kPortRange, range->first, range->last),
      set_to(kReserved, all));
}

/// Number of ports that connect() can choose: the range without the reserved ports.
std::int64_t ports_to_choose(const Facts& facts, const Ports& range) {
  std::int64_t count = range.count();
  for (const Ports& each : reserved_ports(facts))
    count -= std::max<std::int64_t>(std::min(each.last, range.last) - std::max(each.first, range.first) + 1, 0);
  return std::max<std::int64_t>(count, 1);
}

struct Destination {
  std::int64_t sockets = 0;
  std::int64_t time_wait = 0;
};

/// Counts the used ports for each pair of source address and destination.
std::map<std::pair<std::string, std::string>, Destination> spent(const Facts& facts, const Ports& range) {
  std::map<std::pair<std::string, std::string>, Destination> all;
  for (const Socket& each : facts.sockets) {
    if (each.tcp.state == State::listening || !range.has(each.tcp.local.port())) continue;
    // The two ends of an accepted connection have different ports, so each accepted connection counts alone.
    Destination& to = all[{each.tcp.local.ip_text(), each.tcp.remote.text()}];
    ++to.sockets;
    if (each.tcp.state == State::time_wait) ++to.time_wait;
  }
  return all;
}

Found port_space(const Facts& facts) {
  const auto range = local_range(facts);
  if (!range) return nothing();
  const std::int64_t ports = ports_to_choose(facts, *range);
  Found found;
  for (const auto& [pair, count] : spent(facts, *range)) {
    if (count.sockets * 100 < ports * 80) continue;
    found.push_back({.text = fmt::format("From {} to {}: {} ports, {} of them in TIME_WAIT.", pair.first, pair.second,
                                         share(unsigned_of(count.sockets), unsigned_of(ports)), count.time_wait),
                     .command = "",
                     .severity = count.sockets * 100 >= ports * 95 ? std::optional(critical) : std::nullopt});
  }
  return found;
}

Found time_wait_by_destination(const Facts& facts) {
  const auto range = local_range(facts);
  if (!range) return nothing();
  const std::int64_t ports = ports_to_choose(facts, *range);
  Found found;
  for (const auto& [pair, count] : spent(facts, *range))
    if (count.time_wait * 2 >= ports)
      found.push_back({.text = fmt::format("From {} to {}: {} ports are in TIME_WAIT.", pair.first, pair.second,
                                           share(unsigned_of(count.time_wait), unsigned_of(ports)))});
  return found;
}

Found memory(const Facts& facts) {
  const auto limits = facts.sysctls.numbers(kMemory);
  const auto used = facts.total.find("Sockstat:TCP.mem");
  if (limits.size() != 3 || !used || *used < limits[1]) return nothing();
  return one(fmt::format("TCP uses {} pages; {} is {} {} {}.", *used, kMemory, limits[0], limits[1], limits[2]),
             set_to(kMemory, fmt::format("{} {} {}", limits[0] * 2, limits[1] * 2, limits[2] * 2)),
             *used >= limits[2] ? std::optional(critical) : std::nullopt);
}

Found files(const Facts& facts) {
  const auto numbers = facts.sysctls.numbers(kFiles);
  if (numbers.size() != 3) return nothing();
  return nearly_full("Open files of the host", numbers[0], numbers[2], 80, "fs.file-max");
}

/// Explains why something does not load here, and names a setting that may be another reason.
Found forbidden(const Facts& facts, std::string_view name, std::string_view setting) {
  for (const Ability& each : facts.abilities) {
    if (each.name != name || each.there) continue;
    std::string text = fmt::format("{}: {}.", each.name, each.why_not);
    const auto value = facts.sysctls.number(setting);
    if (value.value_or(0) != 0) text += " " + setting_is(facts, setting);
    if (facts.own_seccomp == 2) text += " A seccomp filter applies to `lastbyte doctor`, too.";
    return one(text);
  }
  return nothing();
}

Found no_io_uring(const Facts& facts) {
  Found found = forbidden(facts, "io_uring", kIoUring);
  if (facts.sysctls.number(kIoUring).value_or(0) != 0)
    for (Evidence& each : found) each.command = set_to(kIoUring, "0");
  return found;
}

Found unknown_reasons(const Facts& facts) {
  std::string names;
  for (const std::string& each : facts.unknown_reasons) names += (names.empty() ? "" : ", ") + each;
  return names.empty() ? nothing() : one(names + ".");
}

constexpr std::array kCapacityRules{
    Rule{"listener-in-port-range", warning, "Listeners use ports within the range of local ports.",
         "A listener's port is within net.ipv4.ip_local_port_range and not in ip_local_reserved_ports.",
         "An outgoing connection may hold a listener's port when its server starts again: bind() fails. While the "
         "server is down, a client on this host may even connect to itself.",
         "sysctl -w net.ipv4.ip_local_reserved_ports=PORTS    # the reserved ports, and those of the listeners",
         kIpSysctl, listeners_in_range},
    Rule{"port-space", warning, "The local ports towards a destination are nearly used up.",
         "Sockets from one address to one destination hold 80 % of the ports that connect() may choose.",
         "connect() becomes slow, and fails with EADDRNOTAVAIL.",
         "Add source addresses, keep connections open, or: sysctl -w net.ipv4.ip_local_port_range='10240 65535'",
         kIpSysctl, port_space},
    Rule{"time-wait-by-destination", warning, "Most local ports towards a destination are in TIME_WAIT.",
         "Half of the ports from one address to one destination are in TIME_WAIT.",
         "This side closes first: each connection uses up a port for a minute.",
         "Let the server close first, keep connections open, or: sysctl -w net.ipv4.tcp_tw_reuse=1", kIpSysctl,
         time_wait_by_destination},
    Rule{"conntrack-full", warning, "The table of connection tracking is nearly full.",
         "nf_conntrack_count is at 80 % of nf_conntrack_max.",
         "When it is full, the firewall drops the SYNs of new connections.",
         "sysctl -w net.netfilter.nf_conntrack_max=NUMBER    # twice the present value",
         "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
         [](const Facts& facts) {
           return nearly_full("Tracked connections",
                              facts.sysctls.number("net.netfilter.nf_conntrack_count").value_or(0),
                              facts.sysctls.number(kConntrackMax).value_or(0), 80, kConntrackMax);
         }},
    Rule{"orphans", warning, "Many closed sockets still have data to send.",
         "The host's orphans are half of net.ipv4.tcp_max_orphans.",
         "Beyond the limit the kernel resets them: the ends of answers are lost (TCPAbortOnMemory).",
         "sysctl -w net.ipv4.tcp_max_orphans=NUMBER    # twice the present value", kIpSysctl,
         [](const Facts& facts) {
           return nearly_full("Orphaned sockets", facts.total.value("Sockstat:TCP.orphan"),
                              facts.sysctls.number(kMaxOrphans).value_or(0), 50, kMaxOrphans);
         }},
    Rule{"time-wait-buckets", warning, "The table of TIME_WAIT is nearly full.",
         "The sockets in TIME_WAIT are 80 % of net.ipv4.tcp_max_tw_buckets.",
         "Beyond the limit connections skip TIME_WAIT: late segments may enter a new connection.",
         "sysctl -w net.ipv4.tcp_max_tw_buckets=NUMBER    # twice the present value", kIpSysctl,
         [](const Facts& facts) {
           return nearly_full("Sockets in TIME_WAIT", facts.total.value("Sockstat:TCP.tw"),
                              facts.sysctls.number(kMaxTimeWait).value_or(0), 80, kMaxTimeWait);
         }},
    Rule{"tcp-memory-pressure", warning, "TCP's memory is short.",
         "The pages that TCP uses on the host are above the second value of net.ipv4.tcp_mem.",
         "The kernel shrinks windows. Above the third value it drops segments and resets connections.",
         "sysctl -w net.ipv4.tcp_mem='LOW PRESSURE HIGH'    # twice the present values", kIpSysctl, memory},
    Rule{"open-files", warning, "The open files of the host are nearly used up.",
         "The first number of fs.file-nr is at 80 % of the third.", "accept() and socket() fail with ENFILE.",
         "sysctl -w fs.file-max=NUMBER    # twice the present value", "proc(5), /proc/sys/fs/file-max", files},
    Rule{"io-uring-forbidden", note, "io_uring is forbidden here.",
         "io_uring_setup(2) fails with EPERM or ENOSYS for `lastbyte doctor`.",
         "Programs fall back to epoll, which takes somewhat more CPU.",
         "Run the program under a seccomp profile that allows io_uring_setup(2).",
         "https://docs.kernel.org/admin-guide/sysctl/kernel.html", no_io_uring},
    Rule{"tracing-limited", note, "`lastbyte trace` cannot use its best level here.",
         "No BPF program of the type tp_btf loads for `lastbyte doctor`.",
         "It reports resets without process, age or unread bytes, or only counts them.",
         "Run it with CAP_BPF and CAP_PERFMON, on Linux 6.10 or later with BTF.", "lastbyte-trace(1)",
         [](const Facts& facts) { return forbidden(facts, "tp_btf", kUnprivilegedBpf); }},
    Rule{"reset-reasons-unknown", note, "The kernel has reset reasons that this version of lastbyte does not describe.",
         "The kernel's type information names reset reasons that resets.md does not have.",
         "`lastbyte trace` prints their names without a meaning.", "Look for a newer version of lastbyte.", "resets.md",
         unknown_reasons},
};

}  // namespace

std::span<const Rule> capacity_rules() { return kCapacityRules; }

}  // namespace lastbyte::doctor
