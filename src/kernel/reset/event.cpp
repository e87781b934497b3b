#include "kernel/reset/event.h"

#include <algorithm>
#include <array>

namespace lastbyte::kernel {
namespace {

/// include/net/tcp_states.h
constexpr std::array<std::string_view, 13> kStates{"-",         "ESTABLISHED", "SYN_SENT",    "SYN_RECV",   "FIN_WAIT1",
                                                   "FIN_WAIT2", "TIME_WAIT",   "CLOSE",       "CLOSE_WAIT", "LAST_ACK",
                                                   "LISTEN",    "CLOSING",     "NEW_SYN_RECV"};

}  // namespace

std::string_view kind_text(EventKind kind) {
  switch (kind) {
    case EventKind::reset_sent: return "reset sent";
    case EventKind::reset_received: return "reset received";
    case EventKind::closed: return "closed";
    case EventKind::timed_out: return "retransmission timeout";
    case EventKind::time_wait: return "TIME_WAIT";
    case EventKind::port_reused: return "port reused";
    case EventKind::state_changed: return "state changed";
  }
  return {};
}

std::string_view kind_word(EventKind kind) {
  switch (kind) {
    case EventKind::reset_sent: return "reset_sent";
    case EventKind::reset_received: return "reset_received";
    case EventKind::closed: return "closed";
    case EventKind::timed_out: return "retransmission_timeout";
    case EventKind::time_wait: return "time_wait";
    case EventKind::port_reused: return "port_reused";
    case EventKind::state_changed: return "state_changed";
  }
  return {};
}

std::string_view state_text(std::uint8_t state) { return state < kStates.size() ? kStates[state] : "?"; }

std::uint8_t state_number(std::string_view text) {
  const auto* const found = std::ranges::find(kStates, text);
  return found == kStates.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(found - kStates.begin());
}

}  // namespace lastbyte::kernel
