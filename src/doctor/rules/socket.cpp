// Rules about the namespace's sockets that wait in vain for a program or a peer.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using enum Severity;
using std::chrono::seconds;

/// The sockets of one owner: their number, and the one that is idle the longest.
struct Group {
  std::uint64_t count = 0;
  const Socket* oldest = nullptr;
};

template <typename Holds>
std::map<std::string, Group> by_owner(const Facts& facts, Holds holds) {
  std::map<std::string, Group> groups;
  for (const Socket& each : facts.sockets) {
    if (!holds(each)) continue;
    Group& group = groups[owner_text(each.owner)];
    ++group.count;
    if (group.oldest == nullptr || each.idle > group.oldest->idle) group.oldest = &each;
  }
  return groups;
}

Found stuck_in(const Facts& facts, State state) {
  Found found;
  // A socket without a file belongs to the kernel alone, and the kernel has a time limit for it.
  const auto is_stuck = [&](const Socket& each) {
    return each.tcp.state == state && each.tcp.inode != 0 && each.stayed && each.idle >= facts.stuck_after;
  };
  for (const auto& [owner, group] : by_owner(facts, is_stuck))
    found.push_back(
        {.text = fmt::format("{}: {} of {}; the oldest, {} to {}, has been idle for {}.",
                             kernel::state_text(number_of(state)), group.count, owner, group.oldest->tcp.local.text(),
                             group.oldest->tcp.remote.text(), age_text(group.oldest->idle))});
  return found;
}

/// Before the end of the handshake, no side has announced a window, and the SYN counts as sent.
bool has_window(State state) {
  return state == State::established || state == State::close_wait || state == State::fin_wait_1 ||
         state == State::closing || state == State::last_ack;
}

bool has_zero_window(const Socket& each) {
  if (!has_window(each.tcp.state) || each.tcp.send_queue == 0) return false;
  const bool closed = each.tcp.details && each.tcp.details->tcp && each.tcp.details->tcp->peers_window == 0;
  return each.tcp.timer == net::diag::Timer::probe || closed;
}

Found zero_windows(const Facts& facts) {
  Found found;
  for (const auto& [owner, group] : by_owner(facts, has_zero_window))
    found.push_back(
        {.text = fmt::format("{} of {}; {} to {} holds {} bytes.", group.count, owner, group.oldest->tcp.local.text(),
                             group.oldest->tcp.remote.text(), group.oldest->tcp.send_queue)});
  return found;
}

Found stalled_listeners(const Facts& facts) {
  Found found;
  for (const Socket& each : facts.sockets) {
    if (each.tcp.state != State::listening || each.tcp.receive_queue == 0 || !each.stayed) continue;
    const bool full = each.tcp.receive_queue > each.tcp.send_queue;
    std::string text = fmt::format("{} of {}: {} of {} places taken; one connection has waited for {} at least.",
                                   each.tcp.local.text(), owner_text(each.owner), each.tcp.receive_queue,
                                   each.tcp.send_queue, age_text(each.idle));
    found.push_back(
        {.text = std::move(text), .command = {}, .severity = full ? std::optional(critical) : std::nullopt});
  }
  return found;
}

constexpr std::array kSocketRules{
    Rule{"close-wait-stuck", warning, "Programs do not close connections whose peer has finished.",
         "A socket of a process is in CLOSE_WAIT, and has been idle for 60 s (--stuck-after).",
         "The program has forgotten them: descriptors leak until none is left.",
         "Mend the program: it must close() after it has read the end.", "tcp(7)",
         [](const Facts& facts) { return stuck_in(facts, State::close_wait); }},
    Rule{"fin-wait2-stuck", warning, "Connections wait for a FIN that does not come.",
         "A socket of a process is in FIN_WAIT2, and has been idle for 60 s (--stuck-after).",
         "The kernel limits FIN_WAIT2 for closed sockets only (tcp_fin_timeout): half-closed ones stay for ever.",
         "Mend the program: it needs a time limit after shutdown(SHUT_WR).", "tcp(7)",
         [](const Facts& facts) { return stuck_in(facts, State::fin_wait_2); }},
    Rule{"zero-window", warning, "Peers have closed their window.",
         "A socket has data to send, and the peer's window is 0.",
         "The peer's program does not read. Data waits here, and so does the program that sends it.",
         "Look at the peer's program. TCP_USER_TIMEOUT bounds the time.", "tcp(7)", zero_windows},
    Rule{"listener-stalled", warning, "Connections wait at a listener, and no program accepts them.",
         "The same connection waits at the first look and at the last. Critical: the queue is full.",
         "Clients believe that they are connected, and get no answer.",
         "Look at the program: it does not call accept(), or too slowly.", "listen(2)", stalled_listeners},
};

}  // namespace

std::span<const Rule> socket_rules() { return kSocketRules; }

}  // namespace lastbyte::doctor
