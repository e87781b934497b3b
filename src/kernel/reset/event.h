// What has happened to a TCP connection, as the kernel told it, whichever way it was asked.
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
  closed,       ///< without a reset
  timed_out,    ///< a retransmission after its timeout
  time_wait,    ///< a connection has become a socket in TIME_WAIT
  port_reused,  ///< a connection took the addresses and ports of one in TIME_WAIT; `age` is how long that one was there
  state_changed,  ///< from `state` to `new_state`
};
inline constexpr std::uint8_t kEventKinds = 7;
/// "reset sent", "retransmission timeout".
std::string_view kind_text(EventKind kind);
/// "reset_sent", for machines.
std::string_view kind_word(EventKind kind);

/// "ESTABLISHED" for 1, as `ss` and the kernel number them; "-" for 0, unknown.
std::string_view state_text(std::uint8_t state);
/// The inverse; 0: no such state.
std::uint8_t state_number(std::string_view text);

struct ProcessName {
  std::uint32_t pid = 0;  ///< 0: unknown
  std::string comm = {};

  friend bool operator==(const ProcessName&, const ProcessName&) = default;
};

/// Bytes of the program, at the moment of the event.
struct QueuedBytes {
  std::uint32_t unread = 0;          ///< received, and not read by the program
  std::uint32_t unacknowledged = 0;  ///< written, and not acknowledged by the peer's kernel; unsent ones too
  std::uint32_t unsent = 0;          ///< of these, never sent

  friend bool operator==(const QueuedBytes&, const QueuedBytes&) = default;
};

struct TcpEvent {
  EventKind kind = EventKind::reset_sent;
  TimePoint time = {};
  net::Address local = {};  ///< of this host, whichever end sent the segment
  net::Address remote = {};
  std::uint32_t network = 0;   ///< the namespace's inode; 0: unknown
  std::string reason = {};     ///< of a reset sent: "TCP_ABORT_ON_CLOSE"; empty: the kernel tells none
  std::uint32_t timeouts = 0;  ///< of timed_out: how many in a row
  std::uint8_t state = 0;      ///< of the connection before the event; 0: unknown, or there was no socket
  std::uint8_t new_state = 0;  ///< of state_changed
  std::uint64_t cookie = 0;    ///< SO_COOKIE; 0: unknown
  std::optional<std::chrono::nanoseconds> age = {};
  bool age_at_least = false;  ///< the connection is older than the watch: `age` is how long it was watched
  std::optional<QueuedBytes> queued = {};
  ProcessName owner = {};
  bool owner_listens = false;  ///< `owner` is the process that listened: another may have accepted the connection
  ProcessName caller = {};     ///< the process in whose call it happened; only where no segment or timer caused it
};

}  // namespace lastbyte::kernel
