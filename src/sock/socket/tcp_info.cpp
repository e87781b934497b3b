#include "sock/socket/tcp_info.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>

namespace lastbyte::sock {
namespace {

// From include/net/tcp_states.h, which is not part of the kernel's headers for programs.
enum TcpState : int {
  established = 1,
  syn_sent = 2,
  fin_wait1 = 4,
  fin_wait2 = 5,
  close = 7,
  close_wait = 8,
  last_ack = 9,
  closing = 11,
};
constexpr std::array<std::string_view, 13> kStateNames{
    "?",     "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};

std::optional<int> queued(int fd, unsigned long request) {
  int bytes = 0;
  if (::ioctl(fd, request, &bytes) != 0) return std::nullopt;
  return bytes;
}

/// Returns whether the socket has a pending error, without taking it.
bool has_error(int fd) {
  pollfd seen{fd, 0, 0};
  return ::poll(&seen, 1, 0) == 1 && (seen.revents & POLLERR) != 0;
}

}  // namespace

std::optional<TcpView> look_at_tcp(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  TcpView view;
  view.state = info.tcpi_state;
  view.bytes_acked = info.tcpi_bytes_acked;
  view.bytes_received = info.tcpi_bytes_received;
  view.bytes_sent = info.tcpi_bytes_sent;
  view.bytes_sent_again = info.tcpi_bytes_retrans;
  view.segments_sent_again = info.tcpi_total_retrans;
  view.round_trip_us = info.tcpi_rtt;
  view.syn_carried_data = (info.tcpi_options & TCPI_OPT_SYN_DATA) != 0;
  return view;
}

QueueView look_at_queues(int fd) {
  return QueueView{queued(fd, SIOCINQ), queued(fd, SIOCOUTQ), queued(fd, SIOCOUTQNSD)};
}

bool is_connecting(int fd) {
  const auto view = look_at_tcp(fd);
  return view && view->state == syn_sent;
}

std::string_view state_name(int state) {
  const auto index = static_cast<std::size_t>(state);
  return state > 0 && index < kStateNames.size() ? kStateNames.at(index) : kStateNames.front();
}

void StateWatch::look(int fd, const Narrator& narrator) {
  if (!narrator.on()) return;
  const auto view = look_at_tcp(fd);
  if (!view || view->state == last_) return;
  std::string_view meaning;
  if (view->state == close && last_ != 0) {
    // When a connection has ended well, the kernel moves it to a separate TIME_WAIT and leaves this socket in CLOSE
    // (net/ipv4/tcp_minisocks.c tcp_time_wait).
    const bool after_our_fin = last_ == fin_wait1 || last_ == fin_wait2 || last_ == closing;
    meaning = after_our_fin && !has_error(fd) ? "  (the kernel keeps TIME_WAIT apart from this socket)" : "";
  }
  narrator.line(fmt::format("state {}{}{}{}", last_ == 0 ? "" : state_name(last_), last_ == 0 ? "" : " -> ",
                            state_name(view->state), meaning));
  last_ = view->state;
}

bool StateWatch::in_transit() const {
  return last_ == syn_sent || last_ == fin_wait1 || last_ == last_ack || last_ == closing;
}

}  // namespace lastbyte::sock
