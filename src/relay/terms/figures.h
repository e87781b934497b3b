// The figures of one forwarding. Each family is declared once, with its name, its meaning, and its labels. Metrics,
// their documentation and the administration interface are made from these tables.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address/address.h"
#include "relay/terms/counters.h"
#include "relay/terms/ending.h"
#include "relay/terms/phase.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

enum class Family : std::uint8_t {
  begun,
  sessions,
  retries,
  received_bytes,
  delivered_bytes,
  lost_bytes,
  rescued_bytes,
  discarded_bytes,
  resets_received,
  resets_sent,
  kernel_resets_sent,
  datagrams_received,
  datagrams_dropped,
  refused_clients,
};

/// Why lastbyte resets a side of a session (T7).
enum class ResetCause : std::uint8_t { passed_on, rejected, limit, stopped, aborted, abandoned };

inline constexpr std::array<std::string_view, 6> kResetCauseWords = {"passed_on", "rejected", "limit",
                                                                     "stopped",   "aborted",  "abandoned"};
/// The kernel's reasons for resets of a session's sockets, as it names them (setting `trace`); the last one: any other.
inline constexpr std::array<std::string_view, 9> kResetReasonWords = {
    "TCP_STATE",           "TCP_DISCONNECT_WITH_DATA", "TCP_ABORT_ON_CLOSE",
    "TCP_ABORT_ON_DATA",   "TCP_TIMEWAIT_SOCKET",      "TCP_ABORT_ON_LINGER",
    "TCP_ABORT_ON_MEMORY", "TCP_KEEPALIVE_TIMEOUT",    "other"};
inline constexpr std::array<std::string_view, 2> kSideWords = {"client", "upstream"};

/// A label, and all values that it can have.
struct Dimension {
  std::string_view label;
  std::span<const std::string_view> words;
};

/// Why lastbyte turns a client away.
enum class Refusal : std::uint8_t { denied, over_limit, proxy_header };
inline constexpr std::array<std::string_view, 3> kRefusalWords = {"denied", "over_limit", "proxy_header"};

inline constexpr Dimension kBySide{"side", kSideWords};
inline constexpr Dimension kByPhase{"state", kPhaseWords};
inline constexpr Dimension kByEnding{"cause", kEndingWords};
inline constexpr Dimension kByResetCause{"cause", kResetCauseWords};
inline constexpr Dimension kByResetReason{"reason", kResetReasonWords};
inline constexpr Dimension kByRefusal{"cause", kRefusalWords};

struct FamilyDescription {
  Family family;
  std::string_view name;  ///< by Prometheus' conventions, without the prefix of the program
  std::string_view help;  ///< one sentence
  CountKind kind = CountKind::counter;
  std::array<Dimension, 2> by = {};  ///< labels besides the forwarding; an empty label: unused

  /// The number of its cells.
  [[nodiscard]] constexpr std::size_t cells() const {
    std::size_t cells = 1;
    for (const Dimension& each : by)
      if (!each.label.empty()) cells *= each.words.size();
    return cells;
  }
};

inline constexpr std::array kFamilies = {
    FamilyDescription{Family::begun, "sessions_begun_total", "Sessions that clients have begun."},
    FamilyDescription{
        Family::sessions, "sessions", "Sessions that are open now, by their state.", CountKind::gauge, {kByPhase}},
    FamilyDescription{Family::retries, "connect_retries_total",
                      "Attempts to connect to an upstream after the first attempt of a session."},
    FamilyDescription{Family::received_bytes,
                      "received_bytes_total",
                      "Bytes that lastbyte has read from a side; of UDP, payload.",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::delivered_bytes,
                      "delivered_bytes_total",
                      "Bytes from a side that the kernel of the other side has acknowledged, of sessions that have "
                      "ended.",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::lost_bytes,
                      "lost_bytes_total",
                      "Bytes from a side that were not delivered, by the ending of their session.",
                      CountKind::counter,
                      {kBySide, kByEnding}},
    FamilyDescription{Family::rescued_bytes,
                      "rescued_bytes_total",
                      "Bytes from a side that were delivered after a write to that side had failed (T5).",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::discarded_bytes,
                      "discarded_bytes_total",
                      "Bytes from a side that were read only to be discarded, because the other side accepted no more "
                      "(T5, T6).",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::resets_received,
                      "resets_received_total",
                      "Sides that reset their connection, or refused data with a reset.",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::resets_sent,
                      "resets_sent_total",
                      "Sides of sessions that lastbyte has reset (T7).",
                      CountKind::counter,
                      {kBySide, kByResetCause}},
    FamilyDescription{
        Family::kernel_resets_sent,
        "kernel_resets_sent_total",
        "Sides of sessions that this host has reset, as the kernel saw it, by its reason (setting trace).",
        CountKind::counter,
        {kBySide, kByResetReason}},
    FamilyDescription{Family::datagrams_received,
                      "datagrams_received_total",
                      "Datagrams of sessions that lastbyte has received from a side.",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::datagrams_dropped,
                      "session_datagrams_dropped_total",
                      "Datagrams from a side that the kernel did not accept for the other side.",
                      CountKind::counter,
                      {kBySide}},
    FamilyDescription{Family::refused_clients,
                      "clients_refused_total",
                      "Clients that lastbyte turned away before it connected to an upstream.",
                      CountKind::counter,
                      {kByRefusal}},
};

consteval bool each_family_stands_at_its_place() {
  for (std::size_t index = 0; index < kFamilies.size(); ++index)
    if (kFamilies[index].family != static_cast<Family>(index)) return false;
  return true;
}
static_assert(each_family_stands_at_its_place(), "kFamilies names each Family once, in the order of the enum");

/// The figure for each member of an upstream: sessions by their ending.
struct EndedDescription {
  std::string_view name = "sessions_ended_total";
  std::string_view help =
      "Sessions that have ended, by the upstream that they were connected to or last tried, and by their ending.";
  std::string_view member = "member";  ///< a label: the member's name or the address; "none": no upstream was tried
  Dimension ending{"ending", kEndingWords};
};
inline constexpr EndedDescription kEnded;

/// Times of sessions that have ended.
enum class Timing : std::uint8_t { duration, connect, first_byte, closing };

inline constexpr std::size_t kBounds = 14;

struct TimingDescription {
  Timing timing;
  std::string_view name;
  std::string_view help;
  std::array<double, kBounds> bounds;  ///< in seconds: the upper bounds of its buckets
};

inline constexpr std::array<double, kBounds> kLongBounds = {0.005, 0.025, 0.1, 0.5, 1,    5,    10,
                                                            30,    60,    300, 600, 1800, 3600, 21600};
inline constexpr std::array<double, kBounds> kShortBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                             0.25,  0.5,    1,     2.5,  5,     10,   30};

inline constexpr std::array kTimings = {
    TimingDescription{Timing::duration, "session_duration_seconds",
                      "Time from accepting the client to closing the last socket.", kLongBounds},
    TimingDescription{Timing::connect, "connect_seconds",
                      "Time from accepting the client to the connection to the upstream, of sessions that were "
                      "connected.",
                      kShortBounds},
    TimingDescription{Timing::first_byte, "first_byte_seconds",
                      "Time from accepting the client to the first byte from the upstream, of sessions that had one.",
                      kShortBounds},
    TimingDescription{Timing::closing, "closing_seconds",
                      "Time from the first end or failure of a session to closing the last socket.", kShortBounds},
};

consteval bool each_timing_stands_at_its_place() {
  for (std::size_t index = 0; index < kTimings.size(); ++index)
    if (kTimings[index].timing != static_cast<Timing>(index)) return false;
  return true;
}
static_assert(each_timing_stands_at_its_place(), "kTimings names each Timing once, in the order of the enum");

/// The index of each family's first cell, and last the number of cells.
inline constexpr auto kPlaces = [] {
  std::array<std::size_t, kFamilies.size() + 1> places{};
  for (std::size_t index = 0; index < kFamilies.size(); ++index)
    places[index + 1] = places[index] + kFamilies[index].cells();
  return places;
}();

/// A number with one writer and any number of readers, so it needs no locked instruction.
class Cell {
 public:
  void add(std::uint64_t more) { value_.store(get() + more, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// One forwarding's figures in one worker. Only that worker writes; any thread may read.
class Figures {
 public:
  using Which = termination::Which;
  /// The most members with figures of their own; all others are counted together as "other".
  static constexpr std::size_t kMostMembers = 32;

  struct Member {
    std::string name;      ///< as its group names it; empty: the forwarding has no group, and the address identifies it
    net::Address address;  ///< none(), with an empty `name`: sessions that tried no upstream
    std::array<Cell, kEndingWords.size()> ended;
  };

  struct Times {
    std::array<Cell, kBounds + 1> buckets;  ///< not cumulative; the last one is +Inf
    Cell sum_us;
  };

  Figures() = default;
  ~Figures();
  Figures(const Figures&) = delete;
  Figures& operator=(const Figures&) = delete;

  // For the worker:
  void add(Family family, std::uint64_t more = 1) { cell(family, 0).add(more); }
  void add(Family family, Which side, std::uint64_t more) { cell(family, static_cast<std::size_t>(side)).add(more); }
  void sent_reset(Which side, ResetCause cause) {
    cell(Family::resets_sent,
         static_cast<std::size_t>(side) * kResetCauseWords.size() + static_cast<std::size_t>(cause))
        .add(1);
  }
  /// `reason`: the kernel's word.
  void kernel_sent_reset(Which side, std::string_view reason);
  void refuse(Refusal why) { cell(Family::refused_clients, static_cast<std::size_t>(why)).add(1); }
  void enter(Phase phase) { cell(Family::sessions, static_cast<std::size_t>(phase)).add(1); }
  void leave(Phase phase) { cell(Family::sessions, static_cast<std::size_t>(phase)).add(~std::uint64_t{0}); }
  /// Counts everything about an ended session that was not counted while it was open.
  void ended(const Record& record);

  // For any thread:
  /// The cells of a family, in the order of its labels' words; the last label varies fastest.
  [[nodiscard]] std::span<const Cell> of(Family family) const;
  [[nodiscard]] const Times& of(Timing timing) const { return times_[static_cast<std::size_t>(timing)]; }
  /// Null from the first index without a member on.
  [[nodiscard]] const Member* member(std::size_t index) const {
    return members_[index].load(std::memory_order_acquire);
  }
  [[nodiscard]] const Member& other_members() const { return other_; }

 private:
  Cell& cell(Family family, std::size_t index) { return cells_[kPlaces[static_cast<std::size_t>(family)] + index]; }
  Member& member_of(const Record& record);
  void observe(Timing timing, std::chrono::microseconds time);

  std::array<Cell, kPlaces.back()> cells_;
  std::array<Times, kTimings.size()> times_;
  std::array<std::atomic<Member*>, kMostMembers> members_{};
  Member other_;
};

/// One forwarding's figures over all workers. They stay under its name for the life of the process.
struct ForwardingFigures {
  ForwardingFigures(std::string name_, unsigned workers) : name(std::move(name_)) {
    for (unsigned index = 0; index < workers; ++index) of_worker.push_back(std::make_unique<Figures>());
  }

  const std::string name;
  std::vector<std::unique_ptr<Figures>> of_worker;
};

}  // namespace lastbyte::relay
