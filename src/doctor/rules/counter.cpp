// Rules about the kernel's counters: what went wrong since the namespace was made, and while the doctor watched.
#include <fmt/format.h>

#include <array>
#include <initializer_list>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using enum Severity;

constexpr std::string_view kCounters = "https://docs.kernel.org/networking/snmp_counter.html";
/// A share of fewer events says nothing. These numbers are for the time since the start.
constexpr std::int64_t kEnoughConnections = 100;
constexpr std::int64_t kEnoughSegments = 1'000;
constexpr std::int64_t kEnoughNow = 5;  // the window needs only this fraction of them
constexpr std::size_t kMostListeners = 4;

std::string window_text(const Facts& facts) {
  return fmt::format("in the last {:.1f} s", static_cast<double>(facts.watched.count()) / 1000);
}

/// Reports a counter that should stay 0. The severity is `now` if it grew while the doctor watched, otherwise the
/// rule's own.
Found counted(const Facts& facts, std::string_view name, std::optional<Severity> now = {}) {
  const std::int64_t total = facts.total.value(name);
  const std::int64_t added = facts.window.value(name);
  if (total <= 0) return nothing();
  std::string text = fmt::format("{}: {} since the start", name, total);
  if (added > 0) text += fmt::format(", {} of them {}", added, window_text(facts));
  return one(text + ".", {}, added > 0 ? now : std::nullopt);
}

/// Reports several such counters, each as a finding of its own.
Found counted(const Facts& facts, std::initializer_list<std::string_view> names) {
  Found found;
  for (const std::string_view name : names)
    for (Evidence& each : counted(facts, name)) found.push_back(std::move(each));
  return found;
}

struct Whole {
  std::vector<std::string_view> names;
  std::int64_t enough;
  std::string_view noun;
};

/// Reports a share that is too large, since the start or in the window. The window matters because a long quiet past
/// hides what happens now.
Found too_many(const Facts& facts, std::string_view name, const Whole& whole, double percent) {
  const auto share_in = [&](const kernel::Counters& counters, std::int64_t enough) -> std::optional<std::string> {
    std::int64_t all = 0;
    for (const std::string_view each : whole.names) all += counters.value(each);
    const std::int64_t part = counters.value(name);
    if (all < enough || static_cast<double>(part) * 100 < percent * static_cast<double>(all)) return std::nullopt;
    return share(static_cast<std::uint64_t>(part), static_cast<std::uint64_t>(all));
  };
  std::string text;
  if (const auto total = share_in(facts.total, whole.enough))
    text = fmt::format("{}: {} {} since the start.", name, *total, whole.noun);
  if (const auto now = share_in(facts.window, whole.enough / kEnoughNow))
    text += fmt::format("{}{}: {} {} {}.", text.empty() ? "" : " ", name, *now, whole.noun, window_text(facts));
  return text.empty() ? nothing() : one(text);
}

const Whole& connections() {
  static const Whole all{{"Tcp:ActiveOpens", "Tcp:PassiveOpens"}, kEnoughConnections, "connections"};
  return all;
}
const Whole& segments() {
  static const Whole all{{"Tcp:OutSegs"}, kEnoughSegments, "segments"};
  return all;
}

/// Names the listeners that dropped connections: the kernel counts drops for each (sk_drops, tcp_listendrop).
std::string listeners_that_dropped(const Facts& facts) {
  std::string text;
  std::size_t told = 0;
  for (const Socket& each : facts.sockets) {
    if (each.tcp.state != State::listening || !each.tcp.details || each.tcp.details->dropped == 0) continue;
    if (told++ == kMostListeners) return text + " And others.";
    text += fmt::format(" {} of {}: {} dropped, {} of {} places taken now.", each.tcp.local.text(),
                        owner_text(each.owner), each.tcp.details->dropped, each.tcp.receive_queue, each.tcp.send_queue);
  }
  return text;
}

Found with_listeners(const Facts& facts, Found found) {
  for (Evidence& each : found) each.text += listeners_that_dropped(facts);
  return found;
}

Found listen_drops(const Facts& facts) {
  // ListenDrops includes the overflows (net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock).
  if (facts.total.value("TcpExt:ListenDrops") <= facts.total.value("TcpExt:ListenOverflows")) return nothing();
  return with_listeners(facts, counted(facts, "TcpExt:ListenDrops"));
}

constexpr std::array kCounterRules{
    Rule{"listen-overflows", warning, "The queue of a listener was full for some connections.",
         "TcpExt:ListenOverflows is not 0. Critical: it grows now.",
         "The kernel drops the end of their handshake: clients wait a second or more, or give up.",
         "Make the server accept faster and raise the backlog of its listen(2), and: sysctl -w net.core.somaxconn=4096",
         kCounters,
         [](const Facts& facts) { return with_listeners(facts, counted(facts, "TcpExt:ListenOverflows", critical)); }},
    Rule{"listen-drops", warning, "A listener dropped SYNs for another reason than a full queue of connections.",
         "TcpExt:ListenDrops is above TcpExt:ListenOverflows.",
         "Clients wait a second or more. The queue of handshakes was full, memory was short, or a security module "
         "forbade the connection.",
         "sysctl -w net.ipv4.tcp_max_syn_backlog=8192    # and look at memory", kCounters, listen_drops},
    Rule{"syn-cookies-sent", warning, "The kernel sent SYN cookies.", "TcpExt:SyncookiesSent is not 0.",
         "The queue of handshakes was full: a flood, or a backlog that is too short. Connections may lack TCP options.",
         "Raise the backlog of the listener, and: sysctl -w net.ipv4.tcp_max_syn_backlog=8192", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:SyncookiesSent"); }},
    Rule{"abort-on-close", note, "Programs closed sockets that had unread input.",
         "TcpExt:TCPAbortOnClose is not 0. A warning: it grows now.",
         "The kernel reset each: the peer may have lost the end of the answer.",
         "lastbyte trace --reason TCP_ABORT_ON_CLOSE    # shows the program. It should read to the end before close().",
         "resets.md", [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnClose", warning); }},
    Rule{"abort-on-data", note, "Data came for closed connections, or programs closed with SO_LINGER of time 0.",
         "TcpExt:TCPAbortOnData is not 0. A warning: it grows now.",
         "The kernel reset each: data under way is lost, and the peer gets an error.",
         "lastbyte trace --reason TCP_ABORT_ON_DATA --reason TCP_TIMEWAIT_SOCKET    # shows the program", "resets.md",
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnData", warning); }},
    Rule{"abort-on-linger", note, "A negative TCP_LINGER2 ended closed connections in FIN_WAIT2.",
         "TcpExt:TCPAbortOnLinger is not 0. A warning: it grows now.", "Data that the peer sent later is lost.",
         "lastbyte trace --reason TCP_ABORT_ON_LINGER    # shows the program", "resets.md",
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnLinger", warning); }},
    Rule{"abort-on-memory", critical, "The kernel reset connections: memory was short, or there were too many orphans.",
         "TcpExt:TCPAbortOnMemory is not 0.", "The ends of answers are lost.",
         "Raise net.ipv4.tcp_max_orphans or net.ipv4.tcp_mem.", "resets.md",
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnMemory"); }},
    Rule{"abort-on-timeout", note, "The kernel gave up connections whose peer did not answer.",
         "TcpExt:TCPAbortOnTimeout is not 0.", "Peers vanish without a FIN, or the path loses everything.",
         "lastbyte trace --timeouts --closes    # shows the peers", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPAbortOnTimeout"); }},
    Rule{"ports-recycled", note, "The kernel reused ports in TIME_WAIT.", "TcpExt:TWRecycled is not 0.",
         "This is safe with timestamps. It shows that one destination gets many short connections.",
         "Keep connections open if possible.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TWRecycled"); }},
    Rule{"time-wait-overflow", warning, "Connections skipped TIME_WAIT.", "TcpExt:TCPTimeWaitOverflow is not 0.",
         "Late segments of an old connection may enter a new one.", "sysctl -w net.ipv4.tcp_max_tw_buckets=262144",
         kCounters, [](const Facts& facts) { return counted(facts, "TcpExt:TCPTimeWaitOverflow"); }},
    Rule{"resets-sent", warning, "Many connections end by a reset that this host sends.",
         "Tcp:OutRsts is at 5 % of the connections, since the start or in the window.",
         "Peers get errors, and may lose data.", "lastbyte trace --summary --direction sent --duration 60", "resets.md",
         [](const Facts& facts) { return too_many(facts, "Tcp:OutRsts", connections(), 5); }},
    Rule{"resets-of-established", warning, "Many established connections end by a reset.",
         "Tcp:EstabResets is at 5 % of the connections, since the start or in the window.",
         "Either end aborts instead of finishing.", "lastbyte trace --summary --duration 60", kCounters,
         [](const Facts& facts) { return too_many(facts, "Tcp:EstabResets", connections(), 5); }},
    Rule{"paws", note, "The kernel rejected segments whose timestamp went back (PAWS).",
         "TcpExt:PAWSActive or TcpExt:PAWSEstab is not 0.",
         "The cause is several hosts behind one NAT, or late duplicates. A rejected SYN is a connection that fails.",
         "Find the NAT; do not turn timestamps off.", kCounters,
         [](const Facts& facts) { return counted(facts, {"TcpExt:PAWSActive", "TcpExt:PAWSEstab"}); }},
    Rule{"retransmissions", warning, "The kernel sends many segments again.",
         "Tcp:RetransSegs is at 2 % of Tcp:OutSegs, since the start or in the window.",
         "The path loses packets: answers are slow.",
         "ss -ti    # shows the connections; look at the interface's errors: ip -s link", kCounters,
         [](const Facts& facts) { return too_many(facts, "Tcp:RetransSegs", segments(), 2); }},
    Rule{"memory-pressures", warning, "TCP came under memory pressure.", "TcpExt:TCPMemoryPressures is not 0.",
         "Windows shrink, and the kernel drops segments.",
         "Raise net.ipv4.tcp_mem, or find the program that does not read.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPMemoryPressures"); }},
    Rule{"receive-pruned", warning, "The kernel dropped received data because a buffer was full.",
         "TcpExt:RcvPruned is not 0.", "The peer must send it again, which is slow. Programs may read too slowly.",
         "Raise the third value of net.ipv4.tcp_rmem.", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:RcvPruned"); }},
    Rule{"request-queue-full", warning, "The kernel dropped SYNs because the queue of handshakes was full.",
         "TcpExt:TCPReqQFullDrop is not 0.", "Clients wait a second or more.",
         "Raise the backlog of the listener, and: sysctl -w net.ipv4.tcp_max_syn_backlog=8192", kCounters,
         [](const Facts& facts) { return counted(facts, "TcpExt:TCPReqQFullDrop"); }},
};

}  // namespace

std::span<const Rule> counter_rules() { return kCounterRules; }

}  // namespace lastbyte::doctor
