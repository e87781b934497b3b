// Rules about the examined process: its sockets and their options.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using kernel::ProcessSocket;
using enum Severity;
using std::chrono::seconds;

/// Many NATs and load balancers forget an idle connection after five to six minutes.
constexpr seconds kNatMemory{300};
constexpr std::uint64_t kMostTold = 5;

bool is_connected(const ProcessSocket& each) {
  return each.state == number_of(State::established) || each.state == number_of(State::close_wait);
}

std::string name_of(const ProcessSocket& each) {
  if (each.backlog) return fmt::format("descriptor {} ({})", each.descriptor, each.local.text());
  return fmt::format("descriptor {} ({} to {})", each.descriptor, each.local.text(), each.remote.text());
}

/// Returns one evidence for all sockets that match. It names the first few.
template <typename Holds>
Found sockets_that(const Facts& facts, Holds holds) {
  if (!facts.process) return nothing();
  std::uint64_t count = 0;
  std::string text;
  for (const HeldSocket& each : facts.process->sockets) {
    if (!holds(each)) continue;
    if (++count <= kMostTold) text += (text.empty() ? "" : ", ") + name_of(each.held);
  }
  if (count == 0) return nothing();
  if (count > kMostTold) text += fmt::format(" and {} more", count - kMostTold);
  return one(text + ".");
}

/// As sockets_that(), but only for sockets with known options.
template <typename Holds>
Found options_that(const Facts& facts, Holds holds) {
  return sockets_that(facts, [&](const HeldSocket& each) { return each.has_options && holds(each.held); });
}

/// The socket's keepalive time: its own, or the system's.
seconds keepalive_time(const Facts& facts, const ProcessSocket& each) {
  if (each.keepalive_time.count() != 0) return each.keepalive_time;
  return seconds(facts.sysctls.number("net.ipv4.tcp_keepalive_time").value_or(7200));
}

Found unread_at_the_end(const Facts& facts) {
  return sockets_that(facts, [](const HeldSocket& each) {
    return each.held.state == number_of(State::close_wait) && each.held.queued && each.held.queued->unread > 0;
  });
}

Found half_closed_long(const Facts& facts) {
  return sockets_that(facts, [&](const HeldSocket& each) {
    const bool half_closed =
        each.held.state == number_of(State::close_wait) || each.held.state == number_of(State::fin_wait_2);
    return half_closed && each.figures && each.idle >= facts.half_closed_after;
  });
}

Found fixed_buffers(const Facts& facts) {
  constexpr std::int32_t kSmall = 128 * 1024;
  return options_that(facts, [](const ProcessSocket& each) {
    return is_connected(each) && ((each.send_buffer_set && each.send_buffer < kSmall) ||
                                  (each.receive_buffer_set && each.receive_buffer < kSmall));
  });
}

Found descriptors(const Facts& facts) {
  if (!facts.process || !facts.process->descriptor_limit) return nothing();
  const std::uint64_t used = facts.process->descriptors;
  const std::uint64_t limit = *facts.process->descriptor_limit;
  if (limit == 0 || used * 100 < limit * 80) return nothing();
  return one(share(used, limit) + ".",
             fmt::format("prlimit --pid {} --nofile={}    # or find the descriptors that leak", facts.process->name.pid,
                         limit * 2),
             used >= limit ? std::optional(critical) : std::nullopt);
}

constexpr std::array kProcessRules{
    Rule{"linger-0", warning, "Sockets have SO_LINGER with time 0.", "A socket of the process (--pid) has it.",
         "Their close() resets the connection and discards all data that the peer has not received.",
         "Mend the program: leave SO_LINGER off.", "socket(7)",
         [](const Facts& facts) {
           return options_that(facts, [](const ProcessSocket& each) { return each.linger == seconds(0); });
         }},
    Rule{"linger-on-non-blocking", warning, "Non-blocking sockets have SO_LINGER with a time.",
         "A socket of the process (--pid) has O_NONBLOCK, and SO_LINGER with a time above 0.",
         "Their close() blocks the thread all the same, for as long as the peer does not acknowledge.",
         "Mend the program: leave SO_LINGER off, or close in a thread of its own.", "socket(7)",
         [](const Facts& facts) {
           return options_that(facts, [](const ProcessSocket& each) {
             return each.non_blocking && each.linger && *each.linger > seconds(0);
           });
         }},
    Rule{"no-keepalive", warning, "Connections to other hosts have no keepalive and no user timeout.",
         "A connection of the process (--pid), not to loopback, has neither SO_KEEPALIVE nor TCP_USER_TIMEOUT.",
         "The program never notices that a peer has vanished: the connection stays for ever. A NAT forgets it when it "
         "is idle.",
         "Mend the program: SO_KEEPALIVE with TCP_KEEPIDLE below 300 s.", "tcp(7)",
         [](const Facts& facts) {
           return options_that(facts, [](const ProcessSocket& each) {
             return is_connected(each) && !each.keepalive && each.user_timeout.count() == 0 &&
                    !each.remote.is_loopback();
           });
         }},
    Rule{"keepalive-slow", note, "Keepalive begins after NATs forget an idle connection.",
         "A connection of the process (--pid), not to loopback, has keepalive that begins after more than 300 s.",
         "A NAT on the path drops the connection before the first probe.",
         "Mend the program: TCP_KEEPIDLE below 300 s; or: sysctl -w net.ipv4.tcp_keepalive_time=120", "tcp(7)",
         [](const Facts& facts) {
           return options_that(facts, [&](const ProcessSocket& each) {
             return is_connected(each) && each.keepalive && !each.remote.is_loopback() &&
                    keepalive_time(facts, each) > kNatMemory;
           });
         }},
    Rule{
        "unread-at-the-end", warning, "Input is unread although the peer has finished.",
        "A socket of the process (--pid) is in CLOSE_WAIT with unread bytes.",
        "The next close() resets the connection (TCP_ABORT_ON_CLOSE) and destroys data that the peer has not received.",
        "Mend the program: read to the end before close().", "resets.md", unread_at_the_end},
    Rule{"half-closed-long", warning, "Connections have been half-closed for long.",
         "A socket of the process (--pid) is in CLOSE_WAIT or FIN_WAIT2, and idle for an hour (--half-closed-after).",
         "One end has finished, and the other does not: the program has forgotten them.",
         "Mend the program: it needs a time limit for half-closed connections.", "tcp(7)", half_closed_long},
    Rule{"backlog-short", note, "Listeners have a short queue.",
         "A listener of the process (--pid) has a backlog below 64.",
         "A burst of connections overflows it: clients wait a second or more.",
         "Mend the program: listen() with 1024 or more.", "listen(2)",
         [](const Facts& facts) {
           return sockets_that(
               facts, [](const HeldSocket& each) { return each.held.backlog && each.held.backlog->limit < 64; });
         }},
    Rule{"buffers-fixed", note, "Connections have fixed small buffers.",
         "A connection of the process (--pid) has SO_SNDBUF or SO_RCVBUF, with less than 128 KiB.",
         "The kernel no longer tunes them: transfers are slow on long paths.",
         "Mend the program: leave SO_SNDBUF and SO_RCVBUF alone.", "tcp(7)", fixed_buffers},
    Rule{"descriptors", warning, "The process's descriptors are nearly used up.",
         "The process (--pid) has 80 % of the descriptors of its soft RLIMIT_NOFILE. Critical: all of them.",
         "accept() and socket() fail with EMFILE.",
         "prlimit --pid PID --nofile=NUMBER    # or LimitNOFILE= of its unit", "getrlimit(2)", descriptors},
    Rule{"seccomp-filter", note, "A seccomp filter applies to the process.", "Seccomp in /proc/PID/status is 2.",
         "It may forbid io_uring and bpf(2): programs then fall back, or fail with EPERM.",
         "No change is needed: a container runtime's profile or SystemCallFilter= sets it.", "seccomp(2)",
         [](const Facts& facts) {
           if (!facts.process || facts.process->seccomp != 2) return nothing();
           return one(fmt::format("Seccomp of process {} is 2.", facts.process->name.pid));
         }},
};

}  // namespace

std::span<const Rule> process_rules() { return kProcessRules; }

}  // namespace lastbyte::doctor
