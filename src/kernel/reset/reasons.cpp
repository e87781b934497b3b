#include "kernel/reset/reasons.h"

#include <algorithm>
#include <array>

namespace lastbyte::kernel {
namespace {

using enum ResetTrigger;

constexpr std::string_view kCrafted = "No ordinary call causes it, only a segment from a raw socket (raw(7)).";
constexpr std::string_view kMptcp = "No code of Linux 6.18 is known to give this reason.";
constexpr std::string_view kMptcpAdvice =
    "Look at the other end's and the middleboxes' support of Multipath TCP; plain TCP is not affected.";

// Origin of each reason: net/ipv4/tcp.c, tcp_input.c, tcp_minisocks.c, tcp_timer.c and tcp_ipv4.c of Linux 6.18.
constexpr std::array kReasons{
    ResetReason{"NOT_SPECIFIED", unknown, "The kernel sent a reset and gives no reason.",
                "The kernel has no reason of its own for this case yet.", kCrafted,
                "Look at the counters of `lastbyte doctor` at that moment, and at a capture."},
    ResetReason{"NO_SOCKET", segment, "A segment arrived for a port that no socket has.",
                "Nobody listens on the port. Or the connection no longer exists here while the other end still uses "
                "it: after a restart, a crash, or an expired entry of a NAT or firewall.",
                "lastbyte sock 127.0.0.1 9    # nobody listens on port 9",
                "Start the server, or correct the port. For connections that were open: use keepalive with a time "
                "below that of the NATs on the path."},
    ResetReason{"TCP_INVALID_ACK_SEQUENCE", segment,
                "The answer to our SYN acknowledges something that was never sent.",
                "The other end still holds an older connection of the same addresses and ports, and answers with that "
                "one's ACK. A host that went down without a FIN leaves such connections behind.",
                kCrafted,
                "A single one needs no action: the reset removes the old connection, and the kernel sends the SYN "
                "again. Frequent ones mean that ports are reused too fast: widen ip_local_port_range."},
    ResetReason{"TCP_RFC7323_PAWS", segment, "The answer to our SYN carries a timestamp that we never sent.",
                "The other end, or a NAT, load balancer or SYN proxy before it, mixes the timestamps of several "
                "hosts.",
                kCrafted,
                "Find the device on the path that changes timestamps. Do not turn timestamps off before: without them, "
                "the kernel does not reuse ports in TIME_WAIT."},
    ResetReason{"TCP_TOO_OLD_ACK", segment,
                "A connection that was not yet established got an ACK from far before what was sent.",
                "A stray segment of an older connection, in a Fast Open or simultaneous open.", kCrafted,
                "A few need no action. If there are many, look for duplicates in a capture."},
    ResetReason{"TCP_ACK_UNSENT_DATA", segment,
                "A connection that was not yet established got an ACK for data that was never sent.",
                "A stray or forged segment, in a Fast Open or simultaneous open.", kCrafted,
                "A few need no action. Many mean that somebody probes this host."},
    ResetReason{"TCP_FLAGS", segment, "A listening socket got a segment that does not begin a connection.",
                "An ACK or data of a connection that this listener does not know: lost at a restart, dropped from a "
                "full SYN queue, moved here by a load balancer, or a port scan.",
                kCrafted,
                "After a restart or failover it ends by itself. If it lasts, compare ListenDrops and SyncookiesFailed, "
                "and check whether a load balancer moves connections between hosts."},
    ResetReason{"TCP_OLD_ACK", segment,
                "A connection that was not yet established got an ACK that acknowledges nothing new.",
                "A duplicate from the path, in a Fast Open or simultaneous open.",
                "Linux 6.18 cannot send it: nothing was acknowledged before the connection is established, and an ACK "
                "from before that is TCP_TOO_OLD_ACK.",
                "A few need no action. If there are many, look for duplicates in a capture."},
    ResetReason{"TCP_ABORT_ON_DATA", segment, "Data arrived after the program had closed or shut down reading.",
                "The program called close(), or shutdown() of both directions, while the other end was still sending. "
                "Some time later, the same data causes TCP_TIMEWAIT_SOCKET.",
                "A program must call shutdown(SHUT_RDWR) and keep the socket, while the other end sends.",
                "Read until the other end's FIN before close(): shutdown(SHUT_WR), read to the end, then close."},
    ResetReason{"TCP_TIMEWAIT_SOCKET", segment, "Data arrived for a connection that has been closed here.",
                "The program called close() while the other end was still sending. Its FIN was acknowledged, and only "
                "a small socket in TIME_WAIT was left.",
                "lastbyte sock -s --mode=source --count=0 --at-eof=close 127.0.0.1 8080 &    # closes at once\n"
                "lastbyte sock --mode=source --count=3 --delay-write=0.2 127.0.0.1 8080",
                "Read until the other end's FIN before close(): shutdown(SHUT_WR), read to the end, then close."},
    ResetReason{"INVALID_SYN", segment, "A second, different SYN or a reset arrived while a connection was being made.",
                "Two hosts behind one NAT use the same address and port; or a forged segment.", kCrafted,
                "Look for a NAT that gives one port to two connections. Otherwise no action is needed."},
    ResetReason{"TCP_ABORT_ON_CLOSE", call, "The program closed a socket that had unread input.",
                "The program closed without reading the request to its end, for example after an early error answer. "
                "The kernel also drops the part of the answer that the other end has not received.",
                "lastbyte sock -s --mode=sink --no-read --delay-close=1 -d 127.0.0.1 8080 &\n"
                "echo hi | lastbyte sock -N 127.0.0.1 8080",
                "Close gracefully: shutdown(SHUT_WR), read and discard until the other end's FIN or a deadline, then "
                "close(). SO_LINGER does not help."},
    ResetReason{
        "TCP_ABORT_ON_LINGER", call, "The program closed a socket whose TCP_LINGER2 is negative.",
        "The program set TCP_LINGER2 below 0, which means no wait for the other end's FIN; or net.ipv4.tcp_fin_timeout "
        "is so low that the effect is the same.",
        "A program must set TCP_LINGER2; `lastbyte sock` does not.",
        "Do not set TCP_LINGER2: orphans in FIN_WAIT2 cost little, and the option loses data of the other end."},
    ResetReason{"TCP_ABORT_ON_MEMORY", memory, "The kernel had too little memory or too many orphaned sockets.",
                "More closed sockets than net.ipv4.tcp_max_orphans still have unsent data, or TCP uses more than the "
                "third value of net.ipv4.tcp_mem.",
                "It takes a host under pressure: set net.ipv4.tcp_max_orphans to 1, and let several servers close "
                "with unsent data. Both limits are those of the whole host: a network namespace has none of its own.",
                "Find the program that closes sockets of slow readers; then raise tcp_max_orphans or tcp_mem. "
                "TCPAbortOnMemory counts these resets."},
    ResetReason{"TCP_STATE", call, "The program aborted the connection, or it was destroyed by an administrator.",
                "SO_LINGER with time 0 before close(), connect() with AF_UNSPEC, `ss -K` (SOCK_DESTROY), or a program "
                "that resets on purpose, as lastbyte does to pass on a reset.",
                "lastbyte sock -s -k --mode=discard 127.0.0.1 8080 &\n"
                "echo hi | lastbyte sock --reset --at-eof=reset 127.0.0.1 8080",
                "If it was unintended, look for SO_LINGER {1, 0} with `lastbyte doctor --pid`. The option discards all "
                "data that the other end has not received."},
    ResetReason{
        "TCP_KEEPALIVE_TIMEOUT", timer, "The other end answered no keepalive probe.",
        "The other end vanished without a FIN: a power or network failure, or a NAT or firewall that dropped its "
        "entry.",
        "lastbyte sock -s --mode=sink --keepalive=1,1,2 -d 127.0.0.1 8080 &    # then drop its packets by nft\n"
        "lastbyte sock 127.0.0.1 8080",
        "Find out what failed. If a NAT forgets idle connections, make the keepalive time shorter than the NAT's."},
    ResetReason{"TCP_DISCONNECT_WITH_DATA", call,
                "The program aborted a connection whose FIN and data were still under way.",
                "SO_LINGER with time 0 before the close() of a socket on which both ends had finished, but whose last "
                "data was not yet sent.",
                "A program must call shutdown(SHUT_WR) with unsent data after the other end's FIN, and then close() "
                "with SO_LINGER 0.",
                "Do not set SO_LINGER to 0 on a connection whose data matters."},
    ResetReason{"MPTCP_RST_EUNSPEC", unknown, "Multipath TCP reset a subflow without saying why (RFC 8684 3.6, 0).",
                "The subflow's path failed, or the other end ended all of them.",
                "The first segment on a second subflow carries no option of Multipath TCP. It takes a raw socket "
                "(raw(7)), and a filter that drops the true one.",
                kMptcpAdvice},
    ResetReason{"MPTCP_RST_EMPTCP", segment, "Multipath TCP met an error of its protocol (RFC 8684 3.6, 1).",
                "An option was wrong or missing.",
                "A SYN joins a connection by a token that nobody gave. It takes a raw socket (raw(7)).", kMptcpAdvice},
    ResetReason{"MPTCP_RST_ERESOURCE", memory, "Multipath TCP had no resources for the subflow (RFC 8684 3.6, 2).",
                "The limit of subflows or of memory was reached.", kMptcp, kMptcpAdvice},
    ResetReason{"MPTCP_RST_EPROHIBIT", segment, "The subflow is forbidden (RFC 8684 3.6, 3).",
                "A policy of the path manager does not allow it.",
                "A SYN joins a connection at a port that this end has not announced. It takes a raw socket (raw(7)).",
                kMptcpAdvice},
    ResetReason{"MPTCP_RST_EWQ2BIG", segment, "Too much data waits for another subflow (RFC 8684 3.6, 4).",
                "One path is far slower than the others.", kMptcp, kMptcpAdvice},
    ResetReason{"MPTCP_RST_EBADPERF", segment, "The subflow is too slow (RFC 8684 3.6, 5).",
                "Loss or delay on that path.", kMptcp, kMptcpAdvice},
    ResetReason{"MPTCP_RST_EMIDDLEBOX", segment, "A middlebox changed the subflow (RFC 8684 3.6, 6).",
                "A firewall or proxy removed options or changed data.",
                "Bytes without an option of Multipath TCP arrive on a second subflow. It takes a raw socket (raw(7)).",
                kMptcpAdvice},
    ResetReason{"ERROR", unknown, "The kernel met an error that it did not expect.",
                "The kernel reached code that it should never reach.", kCrafted,
                "Look into the kernel's log, and report the error to the kernel's developers."},
};

}  // namespace

std::span<const ResetReason> reset_reasons() { return kReasons; }

const ResetReason* find_reset_reason(std::string_view name) {
  const auto* const found = std::ranges::find(kReasons, name, &ResetReason::name);
  return found == kReasons.end() ? nullptr : found;
}

std::string_view trigger_text(ResetTrigger trigger) {
  switch (trigger) {
    case call: return "a call of the program";
    case segment: return "a segment that arrived";
    case timer: return "a timer that expired";
    case memory: return "a shortage of memory";
    case unknown: return "unknown";
  }
  return {};
}

ReasonDrift compare_reasons(const KernelReasons& kernel) {
  ReasonDrift drift;
  for (const auto& [number, name] : kernel)
    if (find_reset_reason(name) == nullptr) drift.undescribed.push_back(name);
  for (const ResetReason& reason : kReasons) {
    const bool there = std::ranges::any_of(kernel, [&](const auto& each) { return each.second == reason.name; });
    if (!there) drift.not_in_kernel.emplace_back(reason.name);
  }
  return drift;
}

}  // namespace lastbyte::kernel
