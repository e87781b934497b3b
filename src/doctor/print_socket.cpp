#include "doctor/print_socket.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/text.h"
#include "doctor/print.h"

namespace lastbyte::doctor {
namespace {

using kernel::ProcessSocket;
using net::diag::TcpFigures;

constexpr std::size_t kIndent = 8;
constexpr std::uint32_t kNoThreshold = 0x7fffffff;  // include/net/tcp.h TCP_INFINITE_SSTHRESH

/// Joins words with commas.
class List {
 public:
  void add(const std::string& word) { text_ += (text_.empty() ? "" : ", ") + word; }
  /// Adds the value unless it is 0.
  template <typename Number>
  void add(Number value, std::string_view format) {
    if (value != 0) add(fmt::format(fmt::runtime(format), value));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string milliseconds_text(std::uint64_t microseconds) {
  return fmt::format("{:.4g} ms", static_cast<double>(microseconds) / 1000);
}
std::string ago_text(std::uint32_t milliseconds) {
  return fmt::format("{:.1f} s ago", static_cast<double>(milliseconds) / 1000);
}
std::string seconds_text(std::uint64_t microseconds) {
  return fmt::format("{:.3g} s", static_cast<double>(microseconds) / 1e6);
}

std::string options_text(const HeldSocket& socket) {
  if (!socket.has_options) return "options unknown";
  const ProcessSocket& held = socket.held;
  List list;
  if (held.non_blocking) list.add("non-blocking");
  if (held.linger) list.add(fmt::format("linger {} s", held.linger->count()));
  list.add(held.linger2, "linger2 {} s");
  if (held.keepalive) {
    std::string text = "keepalive";
    if (held.keepalive_time.count() != 0) text += fmt::format(" after {} s", held.keepalive_time.count());
    if (held.keepalive_interval.count() != 0) text += fmt::format(" every {} s", held.keepalive_interval.count());
    if (held.keepalive_probes != 0) text += fmt::format(" {} times", held.keepalive_probes);
    list.add(text);
  }
  list.add(held.user_timeout.count(), "user timeout {} ms");
  if (held.no_delay) list.add("nodelay");
  if (held.reuse_address) list.add("reuseaddr");
  if (held.reuse_port) list.add("reuseport");
  list.add(fmt::format("rcvbuf {}{}", held.receive_buffer, held.receive_buffer_set ? " set" : ""));
  list.add(fmt::format("sndbuf {}{}", held.send_buffer, held.send_buffer_set ? " set" : ""));
  return list.text();
}

std::string path_text(const HeldSocket& socket) {
  const TcpFigures& figures = *socket.figures;
  List list;
  list.add(fmt::format("rtt {} +- {}", milliseconds_text(figures.round_trip_us),
                       milliseconds_text(figures.round_trip_deviation_us)));
  if (figures.least_round_trip_us != UINT32_MAX) list.add("least " + milliseconds_text(figures.least_round_trip_us));
  list.add("rto " + milliseconds_text(figures.retransmission_timeout_us));
  if (!socket.congestion_control.empty()) list.add(printable(socket.congestion_control));
  list.add(fmt::format("cwnd {} x {}", figures.congestion_window, figures.segment_size));
  if (figures.slow_start_threshold != kNoThreshold) list.add(figures.slow_start_threshold, "ssthresh {}");
  list.add(fmt::format("peer's window {}", figures.peers_window));
  list.add(figures.path_mtu, "path mtu {}");
  return list.text();
}

std::string amounts_text(const TcpFigures& figures) {
  List list;
  list.add(fmt::format("bytes sent {}", figures.bytes_sent));
  list.add(figures.bytes_retransmitted, "of them again {}");
  list.add(fmt::format("acknowledged {}", figures.bytes_acknowledged));
  list.add(fmt::format("received {}", figures.bytes_received));
  list.add(fmt::format("segments unacknowledged {}", figures.unacknowledged));
  list.add(fmt::format("bytes not sent {}", figures.not_sent));
  return list.text();
}

/// Returns empty text if the path is good and nothing delays the sender.
std::string troubles_text(const TcpFigures& figures) {
  List list;
  list.add(figures.retransmitted, "segments sent again {}");
  list.add(figures.lost, "lost now {}");
  list.add(figures.retransmits, "timeouts in a row {}");
  list.add(figures.probes, "probes without answer {}");
  list.add(figures.backoff, "timeout doubled {} times");
  list.add(figures.reordering_seen, "reorderings {}");
  list.add(figures.out_of_order_received, "received out of order {}");
  if (figures.window_limited_us != 0)
    list.add("held back by the peer's window " + seconds_text(figures.window_limited_us));
  if (figures.buffer_limited_us != 0)
    list.add("held back by the send buffer " + seconds_text(figures.buffer_limited_us));
  return list.text();
}

using Field = std::variant<std::uint32_t TcpFigures::*, std::uint64_t TcpFigures::*>;
struct NamedField {
  const char* name;  ///< the field of struct tcp_info, with the unit
  Field field;
};
constexpr std::array kFields{
    NamedField{"rtt_us", &TcpFigures::round_trip_us},
    NamedField{"rttvar_us", &TcpFigures::round_trip_deviation_us},
    NamedField{"min_rtt_us", &TcpFigures::least_round_trip_us},
    NamedField{"rto_us", &TcpFigures::retransmission_timeout_us},
    NamedField{"pmtu", &TcpFigures::path_mtu},
    NamedField{"snd_mss", &TcpFigures::segment_size},
    NamedField{"rcv_mss", &TcpFigures::received_segment_size},
    NamedField{"snd_cwnd", &TcpFigures::congestion_window},
    NamedField{"snd_ssthresh", &TcpFigures::slow_start_threshold},
    NamedField{"snd_wnd", &TcpFigures::peers_window},
    NamedField{"pacing_rate", &TcpFigures::pacing_rate},
    NamedField{"delivery_rate", &TcpFigures::delivery_rate},
    NamedField{"busy_time_us", &TcpFigures::busy_us},
    NamedField{"rwnd_limited_us", &TcpFigures::window_limited_us},
    NamedField{"sndbuf_limited_us", &TcpFigures::buffer_limited_us},
    NamedField{"retransmits", &TcpFigures::retransmits},
    NamedField{"probes", &TcpFigures::probes},
    NamedField{"backoff", &TcpFigures::backoff},
    NamedField{"total_retrans", &TcpFigures::retransmitted},
    NamedField{"lost", &TcpFigures::lost},
    NamedField{"sacked", &TcpFigures::selectively_acknowledged},
    NamedField{"reord_seen", &TcpFigures::reordering_seen},
    NamedField{"rcv_ooopack", &TcpFigures::out_of_order_received},
    NamedField{"unacked", &TcpFigures::unacknowledged},
    NamedField{"notsent_bytes", &TcpFigures::not_sent},
    NamedField{"bytes_sent", &TcpFigures::bytes_sent},
    NamedField{"bytes_retrans", &TcpFigures::bytes_retransmitted},
    NamedField{"bytes_acked", &TcpFigures::bytes_acknowledged},
    NamedField{"bytes_received", &TcpFigures::bytes_received},
    NamedField{"segs_out", &TcpFigures::segments_sent},
    NamedField{"segs_in", &TcpFigures::segments_received},
    NamedField{"rcv_space", &TcpFigures::receive_space},
    NamedField{"last_data_sent_ms", &TcpFigures::since_data_sent_ms},
    NamedField{"last_data_recv_ms", &TcpFigures::since_data_received_ms},
    NamedField{"last_ack_recv_ms", &TcpFigures::since_ack_received_ms},
};

nlohmann::ordered_json figures_json(const TcpFigures& figures) {
  nlohmann::ordered_json object;
  for (const NamedField& each : kFields)
    object[each.name] = std::visit([&](auto field) { return std::uint64_t{figures.*field}; }, each.field);
  object["timestamps"] = figures.timestamps;
  object["sack"] = figures.selective_acknowledgements;
  object["wscale"] = figures.window_scaling;
  object["ecn"] = figures.explicit_congestion;
  return object;
}

void add_options(nlohmann::ordered_json& object, const ProcessSocket& held) {
  object["non_blocking"] = held.non_blocking;
  if (held.linger) object["linger_seconds"] = held.linger->count();
  object["linger2_seconds"] = held.linger2;
  object["keepalive"] = held.keepalive;
  object["keepalive_seconds"] = held.keepalive_time.count();
  object["keepalive_interval_seconds"] = held.keepalive_interval.count();
  object["keepalive_probes"] = held.keepalive_probes;
  object["user_timeout_ms"] = held.user_timeout.count();
  object["nodelay"] = held.no_delay;
  object["reuse_address"] = held.reuse_address;
  object["reuse_port"] = held.reuse_port;
  object["receive_buffer_set"] = held.receive_buffer_set;
  object["send_buffer_set"] = held.send_buffer_set;
}

}  // namespace

std::string socket_text(const HeldSocket& socket) {
  const ProcessSocket& held = socket.held;
  std::string first = fmt::format("{:<11} {}", kernel::state_text(held.state), held.local.text());
  if (held.backlog) {
    first += fmt::format(" queue {} of {}", held.backlog->waiting, held.backlog->limit);
  } else {
    first += " - " + held.remote.text();
    List queued;
    if (held.queued) {
      queued.add(held.queued->unread, "unread {}");
      queued.add(held.queued->unacknowledged, "unacknowledged {}");
    }
    if (!queued.text().empty()) first += " " + queued.text();
  }
  std::string page = fmt::format("  {:>5} ", held.descriptor) + first + "\n";
  const auto line = [&](const std::string& text) {
    if (!text.empty()) page += std::string(kIndent, ' ') + wrap(text, kPageWidth - kIndent, kIndent) + "\n";
  };
  line(options_text(socket));
  if (!socket.figures) return page;
  line(path_text(socket));
  line(amounts_text(*socket.figures));
  line(fmt::format("data sent {}, received {}, ack {}", ago_text(socket.figures->since_data_sent_ms),
                   ago_text(socket.figures->since_data_received_ms), ago_text(socket.figures->since_ack_received_ms)));
  line(troubles_text(*socket.figures));
  return page;
}

nlohmann::ordered_json socket_json(const HeldSocket& socket) {
  const ProcessSocket& held = socket.held;
  nlohmann::ordered_json object{{"descriptor", held.descriptor},
                                {"state", kernel::state_text(held.state)},
                                {"local", held.local.text()},
                                {"remote", held.remote.text()}};
  if (held.backlog) object["queue"] = {{"waiting", held.backlog->waiting}, {"limit", held.backlog->limit}};
  if (held.queued)
    object["queued"] = {{"unread", held.queued->unread},
                        {"unacknowledged", held.queued->unacknowledged},
                        {"unsent", held.queued->unsent}};
  object["receive_buffer"] = held.receive_buffer;
  object["send_buffer"] = held.send_buffer;
  if (socket.has_options) add_options(object, held);
  if (!socket.congestion_control.empty()) object["congestion_control"] = printable(socket.congestion_control);
  if (socket.figures) object["tcp_info"] = figures_json(*socket.figures);
  return object;
}

}  // namespace lastbyte::doctor
