#include "net/diag/socket.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>  // apart from <netinet/tcp.h>, whose tcp_info ends earlier
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace lastbyte::net::diag {
namespace {

/// Reads as much of the struct as there is and fills the rest with zeros. A newer kernel may report more.
template <typename Part>
Part read(std::span<const std::byte> bytes) {
  Part part{};
  std::memcpy(&part, bytes.data(), std::min(sizeof part, bytes.size()));
  return part;
}

Address address_of(std::uint8_t family, const __be32 (&ip)[4], __be16 port, std::uint32_t interface) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = port;
    std::memcpy(&v4.sin_addr, ip, sizeof v4.sin_addr);
    return Address(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = port;
  std::memcpy(&v6.sin6_addr, ip, sizeof v6.sin6_addr);
  if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) v6.sin6_scope_id = interface;
  return Address(v6);
}

TcpFigures figures_of(const tcp_info& info) {
  return {.round_trip_us = info.tcpi_rtt,
          .round_trip_deviation_us = info.tcpi_rttvar,
          .least_round_trip_us = info.tcpi_min_rtt,
          .retransmission_timeout_us = info.tcpi_rto,
          .path_mtu = info.tcpi_pmtu,
          .segment_size = info.tcpi_snd_mss,
          .received_segment_size = info.tcpi_rcv_mss,
          .congestion_window = info.tcpi_snd_cwnd,
          .slow_start_threshold = info.tcpi_snd_ssthresh,
          .peers_window = info.tcpi_snd_wnd,
          .pacing_rate = info.tcpi_pacing_rate,
          .delivery_rate = info.tcpi_delivery_rate,
          .busy_us = info.tcpi_busy_time,
          .window_limited_us = info.tcpi_rwnd_limited,
          .buffer_limited_us = info.tcpi_sndbuf_limited,
          .retransmits = info.tcpi_retransmits,
          .probes = info.tcpi_probes,
          .backoff = info.tcpi_backoff,
          .retransmitted = info.tcpi_total_retrans,
          .lost = info.tcpi_lost,
          .selectively_acknowledged = info.tcpi_sacked,
          .reordering_seen = info.tcpi_reord_seen,
          .out_of_order_received = info.tcpi_rcv_ooopack,
          .unacknowledged = info.tcpi_unacked,
          .not_sent = info.tcpi_notsent_bytes,
          .bytes_sent = info.tcpi_bytes_sent,
          .bytes_retransmitted = info.tcpi_bytes_retrans,
          .bytes_acknowledged = info.tcpi_bytes_acked,
          .bytes_received = info.tcpi_bytes_received,
          .segments_sent = info.tcpi_segs_out,
          .segments_received = info.tcpi_segs_in,
          .receive_space = info.tcpi_rcv_space,
          .since_data_sent_ms = info.tcpi_last_data_sent,
          .since_data_received_ms = info.tcpi_last_data_recv,
          .since_ack_received_ms = info.tcpi_last_ack_recv,
          .timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0,
          .selective_acknowledgements = (info.tcpi_options & TCPI_OPT_SACK) != 0,
          .window_scaling = (info.tcpi_options & TCPI_OPT_WSCALE) != 0,
          .explicit_congestion = (info.tcpi_options & TCPI_OPT_ECN) != 0};
}

void read_attribute(std::uint16_t type, std::span<const std::byte> value, bool has_figures, Details& details) {
  switch (type) {
    case INET_DIAG_INFO:
      if (has_figures) details.tcp = figures_of(read<tcp_info>(value));
      break;
    case INET_DIAG_CONG:
      details.congestion_control.assign(reinterpret_cast<const char*>(value.data()),
                                        ::strnlen(reinterpret_cast<const char*>(value.data()), value.size()));
      break;
    case INET_DIAG_TOS: details.type_of_service = read<std::uint8_t>(value); break;
    case INET_DIAG_MARK: details.mark = read<std::uint32_t>(value); break;
    case INET_DIAG_SKMEMINFO: {
      struct Memory {
        std::uint32_t values[SK_MEMINFO_VARS];
      };
      const auto memory = read<Memory>(value);
      details.receive_memory = memory.values[SK_MEMINFO_RMEM_ALLOC];
      details.receive_buffer = memory.values[SK_MEMINFO_RCVBUF];
      details.send_memory = memory.values[SK_MEMINFO_WMEM_ALLOC];
      details.send_buffer = memory.values[SK_MEMINFO_SNDBUF];
      details.dropped = memory.values[SK_MEMINFO_DROPS];
      break;
    }
    case INET_DIAG_SOCKOPT: {
      const auto options = read<inet_diag_sockopt>(value);
      details.freebind = options.freebind != 0;
      details.transparent = options.transparent != 0;
      details.late_port = options.bind_address_no_port != 0;
      break;
    }
    default: break;
  }
}

Details read_details(std::span<const std::byte> attributes, bool has_figures) {
  Details details;
  while (attributes.size() >= sizeof(nlattr)) {
    const auto header = read<nlattr>(attributes);
    if (header.nla_len < sizeof header || header.nla_len > attributes.size()) break;
    read_attribute(header.nla_type, attributes.first(header.nla_len).subspan(sizeof header), has_figures, details);
    const std::size_t aligned = (header.nla_len + 3U) & ~std::size_t{3};
    attributes = attributes.subspan(std::min(aligned, attributes.size()));
  }
  return details;
}

Timer timer_of(std::uint8_t number) {
  constexpr std::uint8_t kProbe = 4;
  return number <= kProbe ? static_cast<Timer>(number) : Timer::none;
}

}  // namespace

std::string_view name(State state) {
  switch (state) {
    case State::established: return "ESTABLISHED";
    case State::syn_sent: return "SYN-SENT";
    case State::syn_received: return "SYN-RECEIVED";
    case State::fin_wait_1: return "FIN-WAIT-1";
    case State::fin_wait_2: return "FIN-WAIT-2";
    case State::time_wait: return "TIME-WAIT";
    case State::closed: return "CLOSED";
    case State::close_wait: return "CLOSE-WAIT";
    case State::last_ack: return "LAST-ACK";
    case State::listening: return "LISTEN";
    case State::closing: return "CLOSING";
    case State::new_syn_received: return "SYN-RECEIVED";
  }
  return "?";
}

std::optional<Socket> read_socket(std::span<const std::byte> payload, Protocol protocol, bool with_details) {
  if (payload.size() < sizeof(inet_diag_msg)) return std::nullopt;
  const auto message = read<inet_diag_msg>(payload);
  constexpr auto kLast = static_cast<std::uint8_t>(State::new_syn_received);
  if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6) return std::nullopt;
  if (message.idiag_state == 0 || message.idiag_state > kLast) return std::nullopt;
  const inet_diag_sockid& id = message.id;
  Socket socket;
  socket.protocol = protocol;
  socket.state = static_cast<State>(message.idiag_state);
  socket.local = address_of(message.idiag_family, id.idiag_src, id.idiag_sport, id.idiag_if);
  socket.remote = address_of(message.idiag_family, id.idiag_dst, id.idiag_dport, id.idiag_if);
  socket.timer = timer_of(message.idiag_timer);
  socket.expires_ms = message.idiag_expires;
  socket.receive_queue = message.idiag_rqueue;
  socket.send_queue = message.idiag_wqueue;
  socket.uid = message.idiag_uid;
  socket.inode = message.idiag_inode;
  socket.interface = id.idiag_if;
  socket.cookie = id.idiag_cookie[0] | static_cast<std::uint64_t>(id.idiag_cookie[1]) << 32U;
  const bool has_figures =
      protocol == Protocol::tcp && socket.state != State::time_wait && socket.state != State::new_syn_received;
  if (with_details) socket.details = read_details(payload.subspan(sizeof(inet_diag_msg)), has_figures);
  return socket;
}

}  // namespace lastbyte::net::diag
