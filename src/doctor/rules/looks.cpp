#include "doctor/rules/looks.h"

#include <algorithm>
#include <unordered_map>

namespace lastbyte::doctor {
namespace {

using net::diag::Timer;
using std::chrono::milliseconds;
using std::chrono::seconds;

seconds idle_of(const net::diag::Socket& socket) {
  if (!socket.details || !socket.details->tcp) return seconds(0);
  const net::diag::TcpFigures& figures = *socket.details->tcp;
  std::uint32_t idle = std::min(figures.since_data_received_ms, figures.since_data_sent_ms);
  // Acknowledgements of keepalive probes also arrive, but do not show that the programs are alive.
  if (socket.timer != Timer::keepalive) idle = std::min(idle, figures.since_ack_received_ms);
  return std::chrono::duration_cast<seconds>(milliseconds(idle));
}

/// Whether no program has accepted the connection yet: it has no file.
bool waits_for_accept(const net::diag::Socket& socket) {
  return socket.inode == 0 && (socket.state == State::established || socket.state == State::close_wait);
}

bool is_at(const net::diag::Socket& connection, const net::diag::Socket& listener) {
  return connection.local.port() == listener.local.port() &&
         (listener.local.is_wildcard() || connection.local.ip_text() == listener.local.ip_text());
}

/// Connections that waited for accept() at both looks, by local port.
using Waiting = std::unordered_multimap<std::uint16_t, const net::diag::Socket*>;

void note_waiting(Socket& listener, const Waiting& waiting) {
  const auto [begin, end] = waiting.equal_range(listener.tcp.local.port());
  for (auto at = begin; at != end; ++at) {
    if (!is_at(*at->second, listener.tcp)) continue;
    listener.stayed = true;
    listener.idle = std::max(listener.idle, idle_of(*at->second));
  }
}

/// Returns the program's bytes. A FIN takes a sequence number and counts in the queues of sock_diag(7), but is no byte
/// of a program.
kernel::QueuedBytes queued_bytes(const net::diag::Socket& socket) {
  const State state = socket.state;
  const bool fin_received = state == State::close_wait || state == State::closing || state == State::last_ack;
  const bool fin_in_queue = state == State::fin_wait_1 || state == State::closing || state == State::last_ack;
  kernel::QueuedBytes queued{socket.receive_queue, socket.send_queue, 0};
  if (fin_received && queued.unread > 0) --queued.unread;
  if (fin_in_queue && queued.unacknowledged > 0) --queued.unacknowledged;
  if (socket.details && socket.details->tcp) queued.unsent = socket.details->tcp->not_sent;
  return queued;
}

}  // namespace

std::vector<Socket> compare_looks(const std::vector<net::diag::Socket>& first,
                                  const std::vector<net::diag::Socket>& second, const Owners& owners) {
  std::unordered_map<std::uint64_t, State> before;
  for (const net::diag::Socket& each : first) before.emplace(each.cookie, each.state);
  const auto stayed = [&](const net::diag::Socket& socket) {
    const auto found = before.find(socket.cookie);
    return found != before.end() && found->second == socket.state;
  };
  Waiting waiting;
  for (const net::diag::Socket& each : second)
    if (waits_for_accept(each) && stayed(each)) waiting.emplace(each.local.port(), &each);

  std::vector<Socket> all;
  all.reserve(second.size());
  for (const net::diag::Socket& each : second) {
    Socket& socket = all.emplace_back();
    socket.tcp = each;
    if (each.state == State::listening) {
      note_waiting(socket, waiting);
    } else {
      socket.idle = idle_of(each);
      socket.stayed = stayed(each);
    }
    if (const auto owner = owners.by_cookie.find(each.cookie); owner != owners.by_cookie.end()) {
      socket.owner = owner->second;
    } else if (const auto other = owners.by_inode.find(each.inode); each.inode != 0 && other != owners.by_inode.end()) {
      socket.owner = other->second;
    }
  }
  return all;
}

HeldSocket held_without_options(const net::diag::Socket& socket, const kernel::ProcessName& process, int descriptor) {
  HeldSocket made;
  made.has_options = false;
  made.held.process = process;
  made.held.descriptor = descriptor;
  made.held.cookie = socket.cookie;
  made.held.local = socket.local;
  made.held.remote = socket.remote;
  made.held.state = number_of(socket.state);
  if (socket.state == State::listening) {
    made.held.backlog = {socket.receive_queue, socket.send_queue};
  } else {
    made.held.queued = queued_bytes(socket);
  }
  if (socket.details) {
    made.held.receive_buffer = static_cast<std::int32_t>(socket.details->receive_buffer);
    made.held.send_buffer = static_cast<std::int32_t>(socket.details->send_buffer);
  }
  return made;
}

void add_figures(std::vector<HeldSocket>& held, const std::vector<Socket>& sockets) {
  std::unordered_map<std::uint64_t, const Socket*> by_cookie;
  for (const Socket& each : sockets) by_cookie.emplace(each.tcp.cookie, &each);
  for (HeldSocket& each : held) {
    const auto found = by_cookie.find(each.held.cookie);
    if (each.held.cookie == 0 || found == by_cookie.end() || !found->second->tcp.details) continue;
    const net::diag::Details& details = *found->second->tcp.details;
    each.congestion_control = details.congestion_control;
    if (each.held.backlog) continue;  // a listener's figures are its queue
    each.figures = details.tcp;
    each.idle = found->second->idle;
  }
}

}  // namespace lastbyte::doctor
