// An event of a TCP connection, as the kernel reports it. All sources of events use this form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/address/address.h"

namespace lastbyte::kernel {

enum class EventKind : std::uint8_t {
  reset_sent,
  reset_received,
  closed,       ///< the connection ended without a reset
  timed_out,    ///< the socket retransmitted after a timeout
  time_wait,    ///< the connection became a socket in TIME_WAIT
  port_reused,  ///< a connection took the addresses and ports of one in TIME_WAIT; `age` is the time spent in TIME_WAIT
  state_changed,  ///< the state changed from `state` to `new_state`
};
inline constexpr std::uint8_t kEventKinds = 7;
/// "reset sent", "retransmission timeout".
std::string_view kind_text(EventKind kind);
/// "reset_sent", for machines.
std::string_view kind_word(EventKind kind);

/// Returns "ESTABLISHED" for 1, as the kernel and `ss` number states; "-" for 0, unknown.
std::string_view state_text(std::uint8_t state);
/// The inverse of state_text(); 0: no such state.
std::uint8_t state_number(std::string_view text);

struct ProcessName {
  std::uint32_t pid = 0;  ///< 0: unknown
  std::string comm = {};

  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

/// The program's bytes at the moment of the event.
struct QueuedBytes {
  std::uint32_t unread = 0;          ///< received, but not yet read by the program
  std::uint32_t unacknowledged = 0;  ///< written, but not acknowledged by the peer's kernel; includes unsent bytes
  std::uint32_t unsent = 0;          ///< the part of `unacknowledged` that was never sent

  friend bool operator==(const QueuedBytes&, const QueuedBytes&) = default;
};

struct TcpEvent {
  EventKind kind = EventKind::reset_sent;
  TimePoint time = {};
  net::Address local = {};  ///< this host's address, whichever end sent the segment
  net::Address remote = {};
  std::uint32_t network = 0;   ///< the namespace's inode; 0: unknown
  std::string reason = {};     ///< the reason of a sent reset: "TCP_ABORT_ON_CLOSE"; empty: the kernel gives none
  std::uint32_t timeouts = 0;  ///< timed_out: number of timeouts in a row
  std::uint8_t state = 0;      ///< the connection's state before the event; 0: unknown, or no socket
  std::uint8_t new_state = 0;  ///< only for state_changed
  std::uint64_t cookie = 0;    ///< SO_COOKIE; 0: unknown
  std::optional<std::chrono::nanoseconds> age = {};
  /// The connection began before the tracer: `age` is only the time that the tracer has known it.
  bool age_at_least = false;
  std::optional<QueuedBytes> queued = {};
  ProcessName owner = {};
  bool owner_listens = false;  ///< `owner` is the listener's process; another process may have accepted the connection
  ProcessName caller = {};     ///< the process whose call caused the event; empty if a segment or a timer caused it
};

}  // namespace lastbyte::kernel
