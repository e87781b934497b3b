#include "kernel/watch/trace_line.h"

#include <charconv>
#include <optional>
#include <string>

namespace lastbyte::kernel {
namespace {

/// Returns the value of "key=value" in a tracepoint's text; values have no spaces. Empty: the text has no such key.
std::string_view value_of(std::string_view text, std::string_view key) {
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    const std::size_t value = at + key.size();
    if ((at != 0 && text[at - 1] != ' ') || value >= text.size() || text[value] != '=') continue;
    return text.substr(value + 1, text.find_first_of(" \n", value + 1) - value - 1);
  }
  return {};
}

template <typename Number>
Number number_of(std::string_view text, int base = 10) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, base);
  return number;
}

/// Parses "127.0.0.1:80" or "[::1]:80".
net::Address address_with_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view ip = text.substr(0, colon);
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  return net::Address::parse(ip, number_of<std::uint16_t>(text.substr(colon + 1))).value_or(net::Address());
}

/// Parses the addresses of tracepoints that print family, address and port separately.
void take_pair(std::string_view text, TcpEvent& event) {
  const bool v6 = value_of(text, "family") == "AF_INET6";
  const auto address = [&](std::string_view v4_key, std::string_view v6_key, std::string_view port) {
    const auto ip = value_of(text, v6 ? v6_key : v4_key);
    return net::Address::parse(ip, number_of<std::uint16_t>(value_of(text, port))).value_or(net::Address());
  };
  event.local = address("saddr", "saddrv6", "sport");
  event.remote = address("daddr", "daddrv6", "dport");
}

std::uint8_t state_of(std::string_view text) {
  if (text.starts_with("TCP_")) text.remove_prefix(4);
  return state_number(text);
}

/// Parses the time before the tracepoint's name: " 1234.567890", seconds.
TimePoint time_of(std::string_view head) {
  const std::size_t begin = head.find_last_of(' ') + 1;
  const std::size_t dot = head.find('.', begin);
  if (dot == std::string_view::npos) return {};
  const auto seconds = number_of<std::int64_t>(head.substr(begin, dot - begin));
  const auto micros = number_of<std::int64_t>(head.substr(dot + 1));
  return TimePoint(std::chrono::seconds(seconds) + std::chrono::microseconds(micros));
}

bool wants(std::uint32_t kinds, EventKind kind) { return (kinds >> static_cast<unsigned>(kind) & 1U) != 0; }

/// Whether tcp_time_wait() of net/ipv4/tcp_minisocks.c closes the socket from this state.
bool rests_after(std::uint8_t state) { return state == state_number("FIN_WAIT2") || state == state_number("CLOSING"); }

std::optional<TcpEvent> change_of_state(std::string_view text, std::uint32_t kinds) {
  if (value_of(text, "protocol") != "IPPROTO_TCP" || value_of(text, "newstate") != "TCP_CLOSE") return std::nullopt;
  TcpEvent event;
  event.state = state_of(value_of(text, "oldstate"));
  if (event.state == state_number("LISTEN")) return std::nullopt;
  event.kind =
      rests_after(event.state) && wants(kinds, EventKind::time_wait) ? EventKind::time_wait : EventKind::closed;
  if (!wants(kinds, event.kind)) return std::nullopt;
  take_pair(text, event);
  return event;
}

std::optional<TcpEvent> event_of(std::string_view name, std::string_view text, std::uint32_t kinds) {
  TcpEvent event;
  if (name == "tcp_send_reset" && wants(kinds, EventKind::reset_sent)) {
    event.local = address_with_port(value_of(text, "src"));
    event.remote = address_with_port(value_of(text, "dest"));
    event.state = state_of(value_of(text, "state"));
    event.reason = value_of(text, "reason");
    return event;
  }
  if (name == "tcp_receive_reset" && wants(kinds, EventKind::reset_received)) {
    event.kind = EventKind::reset_received;
    take_pair(text, event);
    event.cookie = number_of<std::uint64_t>(value_of(text, "sock_cookie"), 16);
    return event;
  }
  if (name == "inet_sock_set_state") return change_of_state(text, kinds);
  return std::nullopt;
}

}  // namespace

std::variant<std::monostate, TcpEvent, LostEvents> read_trace_line(std::string_view line, std::uint32_t kinds) {
  // "CPU:1 [LOST 12 EVENTS]"
  if (const std::size_t lost = line.find("[LOST "); lost != std::string_view::npos)
    return LostEvents{number_of<std::uint64_t>(line.substr(lost + 6))};
  for (const std::string_view name : {"tcp_send_reset", "tcp_receive_reset", "inet_sock_set_state"}) {
    const std::size_t at = line.find(std::string(": ") + std::string(name) + ": ");
    if (at == std::string_view::npos) continue;
    auto event = event_of(name, line.substr(at + name.size() + 4), kinds);
    if (!event) return {};
    event->time = time_of(line.substr(0, at));
    return *event;
  }
  return {};
}

}  // namespace lastbyte::kernel
