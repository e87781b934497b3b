// The counters of the relay. Each is declared once, with its name, its meaning, and its words for the operator. The
// tally at the end of the process and the documentation are made from this table.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lastbyte::relay {

enum class Count : std::uint8_t {
  accepted,
  ended,
  open,
  stopped,
  denied_clients,
  clients_over_limit,
  bad_greetings,
  datagrams_refused,
  datagrams_dropped,
  datagrams,
  sessions_ignored,
  records_dropped,
  events_dropped,
  accept_pauses,
  beats,
  resets_by_peers,
  resets_on_purpose,
  resets_by_kernel,
  rings,
};

enum class CountKind : std::uint8_t {
  counter,  ///< only grows
  gauge,    ///< a current number
};

struct CountDescription {
  Count count;
  std::string_view name;  ///< by Prometheus' conventions, without the prefix of the program
  std::string_view help;  ///< one sentence
  CountKind kind = CountKind::counter;
  /// For counters of things that lastbyte turned away: the noun, in the singular, and the reason, as the last log lines
  /// of the process tell them. Empty: it counts something else.
  std::string_view noun = {};
  std::string_view reason = {};
  /// Whether it is a metric of the process. The others are also counted by forwarding (figures.h), or are internal.
  bool is_metric = true;
};

inline constexpr std::array kCounts = {
    CountDescription{Count::accepted,
                     "sessions_accepted_total",
                     "Sessions that clients have begun.",
                     CountKind::counter,
                     {},
                     {},
                     false},
    CountDescription{
        Count::ended, "sessions_ended_total", "Sessions that have ended.", CountKind::counter, {}, {}, false},
    CountDescription{Count::open, "sessions", "Sessions that are open now.", CountKind::gauge, {}, {}, false},
    CountDescription{Count::stopped, "sessions_stopped_total", "Sessions that a stop has reset (T15)."},
    CountDescription{Count::denied_clients, "clients_denied_total",
                     "Clients that lastbyte reset because client.allow or client.deny keeps them out.",
                     CountKind::counter, "client", "by client.allow or client.deny", false},
    CountDescription{Count::clients_over_limit, "clients_over_limit_total",
                     "Clients that lastbyte reset because they had max-sessions-per-client sessions.",
                     CountKind::counter, "client", "by max-sessions-per-client", false},
    CountDescription{Count::bad_greetings, "clients_bad_proxy_header_total",
                     "Clients that lastbyte reset because their PROXY header was wrong or missing.", CountKind::counter,
                     "client", "for the PROXY header", false},
    CountDescription{Count::datagrams_refused, "datagrams_refused_total",
                     "Datagrams that lastbyte dropped because their clients could not have a session.",
                     CountKind::counter, "datagram", "of clients that got no session"},
    CountDescription{Count::datagrams_dropped, "datagrams_dropped_total",
                     "Datagrams of sessions that the kernel did not take.", CountKind::counter, "datagram",
                     "of sessions, not taken by the kernel"},
    CountDescription{Count::datagrams,
                     "datagrams_received_total",
                     "Datagrams that came for sessions, from either side.",
                     CountKind::counter,
                     {},
                     {},
                     false},
    CountDescription{Count::sessions_ignored, "sessions_ignored_total",
                     "Sessions without a record because nobody said anything in them (setting log.ignore-empty)."},
    CountDescription{Count::records_dropped, "records_dropped_total",
                     "Session records that were lost because the log was too slow."},
    CountDescription{Count::events_dropped, "events_dropped_total",
                     "Events of sessions that no reader of the event stream got, because too many came at once."},
    CountDescription{Count::accept_pauses, "accept_pauses_total",
                     "Times that accepting paused because descriptors or memory were short."},
    CountDescription{Count::beats,
                     "worker_beats_total",
                     "Times that the worker answered the watchdog.",
                     CountKind::counter,
                     {},
                     {},
                     false},
    CountDescription{Count::resets_by_peers, "kernel_resets_by_peers_total",
                     "Connections of sessions that the peer reset, as the kernel saw it (setting trace)."},
    CountDescription{Count::resets_on_purpose, "kernel_resets_by_lastbyte_total",
                     "Connections of sessions that lastbyte reset on purpose, as the kernel saw it (setting trace)."},
    CountDescription{Count::resets_by_kernel, "kernel_resets_on_behalf_total",
                     "Connections of sessions that the kernel reset on lastbyte's behalf (setting trace)."},
    CountDescription{
        Count::rings, "worker_rings", "Workers that send through io_uring.", CountKind::gauge, {}, {}, false},
};

consteval bool each_count_stands_at_its_place() {
  for (std::size_t index = 0; index < kCounts.size(); ++index)
    if (kCounts[index].count != static_cast<Count>(index)) return false;
  return true;
}
static_assert(each_count_stands_at_its_place(), "kCounts names each Count once, in the order of the enum");

/// The counters of one worker. Only the worker writes, so it needs no locked instruction; any thread may read.
class Counters {
 public:
  void add(Count count, std::uint64_t more = 1) { cell(count).store(of(count) + more, std::memory_order_relaxed); }
  void subtract(Count count) { cell(count).store(of(count) - 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t of(Count count) const {
    return cells_[static_cast<std::size_t>(count)].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>& cell(Count count) { return cells_[static_cast<std::size_t>(count)]; }

  std::array<std::atomic<std::uint64_t>, kCounts.size()> cells_{};
};

}  // namespace lastbyte::relay
