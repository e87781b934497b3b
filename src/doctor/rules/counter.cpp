// Rules about the kernel's counters: what has gone wrong since the namespace was made, and while the doctor watched.
#include <fmt/format.h>

#include <array>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using enum Severity;

constexpr std::string_view kCounters = "https://docs.kernel.org/networking/snmp_counter.html";
constexpr std::int64_t kEnoughConnections = 100;
constexpr std::int64_t kEnoughSegments = 1'000;

/// A counter that should not move: `now` where it did while the doctor watched, the rule's own severity where before.
Found counted(const Facts& facts, std::string_view name, std::optional<Severity> now = {}) {
  const std::int64_t total = facts.total.value(name);
  const std::int64_t added = facts.window.value(name);
  if (total <= 0) return nothing();
  std::string text = fmt::format("{}: {} since the start", name, total);
  if (added > 0)
    text += fmt::format(", {} of them in the last {:.1f} s", added, static_cast<double>(facts.watched.count()) / 1000);
  return one(text + ".", {}, added > 0 ? now : std::nullopt);
}

/// A share of all that is too large.
Found too_many(std::string_view name, std::int64_t part, std::int64_t whole, std::int64_t enough, double percent,
               std::string_view of) {
  if (whole < enough || static_cast<double>(part) * 100 < percent * static_cast<double>(whole)) return nothing();
  return one(
      fmt::format("{}: {} {}.", name, share(static_cast<std::uint64_t>(part), static_cast<std::uint64_t>(whole)), of));
}

std::int64_t connections(const Facts& facts) {
  return facts.total.value("Tcp:ActiveOpens") + facts.total.value("Tcp:PassiveOpens");
}

constexpr std::array kCounterRules{
    Rule{"listen-overflows", warning, "Connections met a full queue of a listener.",
         "The kernel drops the end of their handshake: clients wait a second and more, or give up.",
         "Make the server accept faster; raise its backlog and net.core.somaxconn.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:ListenOverflows", critical); }},
    Rule{"listen-drops", warning, "SYNs to a listener were dropped.",
         "Clients wait a second and more. More than the overflows: want of memory, or a security module.",
         "Look at tcp_max_syn_backlog, and at memory.", kCounters,
         [](const Facts& facts) {
           // ListenDrops counts the overflows, too (net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock).
           if (facts.total.value("TcpExt:ListenDrops") <= facts.total.value("TcpExt:ListenOverflows")) return nothing();
           return counted(facts, "TcpExt:ListenDrops");
         }},
    Rule{"syn-cookies-sent", warning, "SYN cookies were needed.",
         "The queue of SYNs was full: a flood, or a backlog that is too short. Options of TCP may be lost.",
         "Raise net.ipv4.tcp_max_syn_backlog and the backlog of the listener.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:SyncookiesSent"); }},
    Rule{"abort-on-close", note, "Programs closed sockets that had unread input.",
         "Each was reset: the peer may have lost the end of the answer.",
         "lastbyte trace --reason TCP_ABORT_ON_CLOSE    # which program. It should read to the end before close().",
         "resets.md", [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnClose", warning); }},
    Rule{"abort-on-data", note, "Data arrived for connections that were closed.",
         "Each was reset: what the peer sent is lost, and it gets an error.",
         "lastbyte trace --reason TCP_ABORT_ON_DATA --reason TCP_TIMEWAIT_SOCKET    # which program", "resets.md",
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnData", warning); }},
    Rule{"abort-on-linger", note, "Closed connections were ended in FIN_WAIT2 by a negative TCP_LINGER2.",
         "What the peer still sent is lost.", "lastbyte trace --reason TCP_ABORT_ON_LINGER    # which program",
         "resets.md", [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnLinger", warning); }},
    Rule{"abort-on-memory", critical, "Connections were reset for want of memory, or because of too many orphans.",
         "The ends of answers are lost.", "Raise net.ipv4.tcp_max_orphans or net.ipv4.tcp_mem.", "resets.md",
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnMemory"); }},
    Rule{"abort-on-timeout", note, "Connections were given up because the peer answered nothing.",
         "Peers vanish without a FIN, or the path loses all.", "lastbyte trace --timeouts --closes    # which peers",
         kCounters, [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnTimeout"); }},
    Rule{"ports-recycled", note, "Ports in TIME_WAIT were used again.",
         "This is safe with timestamps; it shows that one destination gets many short connections.",
         "Keep connections open, if there is a choice.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TWRecycled"); }},
    Rule{"time-wait-overflow", warning, "Connections skipped TIME_WAIT.",
         "Late segments of an old connection may enter a new one.", "sysctl -w net.ipv4.tcp_max_tw_buckets=262144",
         kCounters, [](const Facts& facts) { return counted(facts, "TcpExt:TCPTimeWaitOverflow"); }},
    Rule{"resets-sent", warning, "Many connections end by a reset that this host sends.",
         "Peers get errors, and may lose data.", "lastbyte trace --summary --direction sent --duration 60", "resets.md",
         [](const Facts& facts) {
           return too_many("Tcp:OutRsts", facts.total.value("Tcp:OutRsts"), connections(facts), kEnoughConnections, 5,
                           "connections");
         }},
    Rule{"resets-of-established", warning, "Many established connections end by a reset.",
         "Either end aborts instead of finishing.", "lastbyte trace --summary --duration 60", kCounters,
         [](const Facts& facts) {
           return too_many("Tcp:EstabResets", facts.total.value("Tcp:EstabResets"), connections(facts),
                           kEnoughConnections, 5, "connections");
         }},
    Rule{"paws", note, "Segments were rejected because their timestamps went back (PAWS).",
         "Several hosts behind one NAT, or late duplicates. Rejected SYNs are connections that fail.",
         "Find the NAT; do not turn timestamps off.", kCounters,
         [](const Facts& facts) {
           Found found = counted(facts, "TcpExt:PAWSActive");
           for (Evidence& each : counted(facts, "TcpExt:PAWSEstab")) found.push_back(std::move(each));
           return found;
         }},
    Rule{"retransmissions", warning, "Many segments are sent again.", "The path loses packets: answers are slow.",
         "ss -ti    # shows which connections; look at the interface's errors: ip -s link", kCounters,
         [](const Facts& facts) {
           return too_many("Tcp:RetransSegs", facts.total.value("Tcp:RetransSegs"), facts.total.value("Tcp:OutSegs"),
                           kEnoughSegments, 2, "segments");
         }},
    Rule{"memory-pressures", warning, "TCP came under memory pressure.", "Windows shrink, and segments are dropped.",
         "Raise net.ipv4.tcp_mem, or find who does not read.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPMemoryPressures"); }},
    Rule{"receive-pruned", warning, "The kernel dropped received data for want of buffer.",
         "The peer sends it again: slow, and a sign of programs that do not read.",
         "Raise the third value of net.ipv4.tcp_rmem.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:RcvPruned"); }},
    Rule{"request-queue-full", warning, "SYNs were dropped because the queue of handshakes was full.",
         "Clients wait a second and more.", "sysctl -w net.ipv4.tcp_max_syn_backlog=8192", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPReqQFullDrop"); }},
};

}  // namespace

std::span<const Rule> counter_rules() { return kCounterRules; }

}  // namespace lastbyte::doctor
