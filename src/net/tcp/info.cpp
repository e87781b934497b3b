#include "net/tcp/info.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/socket/calls.h"

namespace lastbyte::net {
namespace {

/// include/net/tcp_states.h
std::string_view state_name(std::uint8_t state) {
  switch (state) {
    case TCP_ESTABLISHED: return "ESTABLISHED";
    case TCP_SYN_SENT: return "SYN_SENT";
    case TCP_SYN_RECV: return "SYN_RECV";
    case TCP_FIN_WAIT1: return "FIN_WAIT1";
    case TCP_FIN_WAIT2: return "FIN_WAIT2";
    case TCP_TIME_WAIT: return "TIME_WAIT";
    case TCP_CLOSE: return "CLOSE";
    case TCP_CLOSE_WAIT: return "CLOSE_WAIT";
    case TCP_LAST_ACK: return "LAST_ACK";
    case TCP_LISTEN: return "LISTEN";
    case TCP_CLOSING: return "CLOSING";
    default: return "?";
  }
}

std::uint32_t queue(int fd, unsigned long request) {
  int bytes = 0;
  return ::ioctl(fd, request, &bytes) == 0 && bytes > 0 ? static_cast<std::uint32_t>(bytes) : 0U;
}

}  // namespace

std::optional<TcpInfo> tcp_info(int fd) {
  struct ::tcp_info kernel{};
  socklen_t length = sizeof kernel;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &length) != 0) return std::nullopt;
  TcpInfo info;
  info.local = local_address(fd);
  info.peer = peer_address(fd);
  info.state = state_name(kernel.tcpi_state);
  info.unread = queue(fd, SIOCINQ);
  info.unacknowledged = queue(fd, SIOCOUTQ);
  info.unsent = queue(fd, SIOCOUTQNSD);
  info.round_trip = std::chrono::microseconds(kernel.tcpi_rtt);
  info.retransmissions = kernel.tcpi_total_retrans;
  info.congestion_window = kernel.tcpi_snd_cwnd;
  info.last_received = std::chrono::milliseconds(kernel.tcpi_last_data_recv);
  info.last_sent = std::chrono::milliseconds(kernel.tcpi_last_data_sent);
  return info;
}

}  // namespace lastbyte::net
