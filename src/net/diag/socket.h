// A socket as sock_diag(7) reports it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/address/address.h"

namespace lastbyte::net::diag {

enum class Protocol : std::uint8_t { tcp, udp };

/// Numbered as in include/net/tcp_states.h. A UDP socket is `established` if it is connected, else `closed`.
enum class State : std::uint8_t {
  established = 1,
  syn_sent,
  syn_received,
  fin_wait_1,
  fin_wait_2,
  time_wait,
  closed,
  close_wait,
  last_ack,
  listening,
  closing,
  new_syn_received,
};
/// "ESTABLISHED", "TIME_WAIT", as RFC 9293 spells them.
std::string_view name(State state);

/// What the timer of a TCP socket waits for (net/ipv4/inet_diag.c inet_sk_diag_fill).
enum class Timer : std::uint8_t { none, retransmission, keepalive, time_wait, probe };

/// Figures of a TCP connection (struct tcp_info of linux/tcp.h); 0 if this kernel does not report one.
struct TcpFigures {
  // The path.
  std::uint32_t round_trip_us = 0;
  std::uint32_t round_trip_deviation_us = 0;
  std::uint32_t least_round_trip_us = 0;
  std::uint32_t retransmission_timeout_us = 0;
  std::uint32_t path_mtu = 0;               ///< bytes
  std::uint32_t segment_size = 0;           ///< largest segment sent, in bytes
  std::uint32_t received_segment_size = 0;  ///< estimated, in bytes
  // What holds the sender back.
  std::uint32_t congestion_window = 0;     ///< in segments
  std::uint32_t slow_start_threshold = 0;  ///< in segments; INT32_MAX: none yet
  std::uint32_t peers_window = 0;          ///< in bytes
  std::uint64_t pacing_rate = 0;           ///< bytes a second; UINT64_MAX: no limit
  std::uint64_t delivery_rate = 0;         ///< bytes a second
  std::uint64_t busy_us = 0;               ///< time with data to send
  std::uint64_t window_limited_us = 0;     ///< part of `busy_us` in which the peer's window was the limit
  std::uint64_t buffer_limited_us = 0;     ///< part of `busy_us` in which our send buffer was the limit
  // Loss.
  std::uint32_t retransmits = 0;               ///< consecutive timeouts of the segment that is unacknowledged now
  std::uint32_t probes = 0;                    ///< unanswered probes of a zero window or keepalive
  std::uint32_t backoff = 0;                   ///< number of times the timeout was doubled
  std::uint32_t retransmitted = 0;             ///< segments, in total
  std::uint32_t lost = 0;                      ///< segments, at present
  std::uint32_t selectively_acknowledged = 0;  ///< segments, at present
  std::uint32_t reordering_seen = 0;           ///< events, in total
  std::uint32_t out_of_order_received = 0;     ///< segments, in total
  // What is on the way.
  std::uint32_t unacknowledged = 0;  ///< segments
  std::uint32_t not_sent = 0;        ///< bytes
  std::uint64_t bytes_sent = 0;      ///< retransmissions included
  std::uint64_t bytes_retransmitted = 0;
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t bytes_received = 0;
  std::uint32_t segments_sent = 0;
  std::uint32_t segments_received = 0;
  std::uint32_t receive_space = 0;  ///< bytes that the program reads per round trip
  std::uint32_t since_data_sent_ms = 0;
  std::uint32_t since_data_received_ms = 0;
  std::uint32_t since_ack_received_ms = 0;  ///< any segment that acknowledges, including a FIN
  // Agreed at the handshake.
  bool timestamps = false;
  bool selective_acknowledgements = false;
  bool window_scaling = false;
  bool explicit_congestion = false;  ///< ECN
};

struct Details {
  std::optional<TcpFigures> tcp;      ///< TCP only, but not for TIME_WAIT and requests
  std::string congestion_control;     ///< "cubic"; empty: not reported
  std::uint32_t receive_buffer = 0;   ///< bytes, SO_RCVBUF
  std::uint32_t send_buffer = 0;      ///< bytes, SO_SNDBUF
  std::uint32_t receive_memory = 0;   ///< bytes of memory in use
  std::uint32_t send_memory = 0;      ///< likewise
  std::uint32_t dropped = 0;          ///< packets dropped for lack of room
  std::uint8_t type_of_service = 0;   ///< IP_TOS
  std::optional<std::uint32_t> mark;  ///< SO_MARK; reported only with CAP_NET_ADMIN
  bool freebind = false;
  bool transparent = false;
  bool late_port = false;  ///< IP_BIND_ADDRESS_NO_PORT
};

struct Socket {
  Protocol protocol = Protocol::tcp;
  State state = State::closed;
  Address local;
  Address remote;  ///< listening socket: the wildcard with port 0
  Timer timer = Timer::none;
  std::uint32_t expires_ms = 0;     ///< time until the timer is due
  std::uint32_t receive_queue = 0;  ///< unread bytes; listening socket: clients that wait
  std::uint32_t send_queue = 0;     ///< unacknowledged bytes; listening socket: limit on waiting clients
  std::uint32_t uid = 0;            ///< of the owner; 0 for TIME_WAIT
  std::uint32_t inode = 0;          ///< as in /proc/PID/fd, "socket:[INODE]"; 0: no process has it
  std::uint32_t interface = 0;      ///< index of the interface that it is bound to; 0: none
  std::uint64_t cookie = 0;         ///< SO_COOKIE
  std::optional<Details> details;   ///< set if the filter requests them
};

/// Reads one message of a dump, without its netlink header. nullopt: the message is too short, or of another family.
std::optional<Socket> read_socket(std::span<const std::byte> payload, Protocol protocol, bool with_details);

}  // namespace lastbyte::net::diag
