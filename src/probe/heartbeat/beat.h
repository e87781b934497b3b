// One end of a heartbeat connection (docs/heartbeat.md): which bytes to send and when, what the peer's bytes mean, and
// when the peer is dead. Pure: the caller passes in bytes and time, and owns the socket. It depends only on the
// standard library, base/time.h and the messages of proto/heartbeat.proto, so that other programs can use it unchanged.
//
//   Beat beat({.interval = 1s, .session = random}, now);
//   loop:  write beat.due(now); wait until beat.next() or until bytes come;
//          for (Heard each : beat.receive(bytes, now)) ...;
//          if (beat.end(now)) close the connection
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace lastbyte::heartbeat {

inline constexpr std::size_t kLargestFrame = 1024;  ///< bytes, without the length before the frame
inline constexpr Duration kLongestInterval{3'600'000};

/// What one end reports about itself.
struct Condition {
  std::uint32_t load_percent = 0;
  bool draining = false;

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// An accepted frame.
struct Heard {
  Condition condition;
  Duration interval{0};  ///< the interval that the peer promises
  /// Measured by the echo of an own frame; nullopt: this frame has no new echo.
  std::optional<std::chrono::microseconds> round_trip;
  bool confirmed = false;  ///< the peer has received a frame on this connection, so its frames are no recording
};

/// Why a connection has ended.
enum class End : std::uint8_t {
  silent,     ///< no frame for one and a half intervals
  stalled,    ///< no frame for one and a half intervals, although one had begun
  oversized,  ///< a frame of more than kLargestFrame bytes; the beginning of the next one is unknown
  malformed,  ///< not a frame, or a frame without a required field
};
std::string_view name(End);

struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t taken = 0;
  std::uint64_t oversized = 0;
  std::uint64_t malformed = 0;
  std::uint64_t replayed = 0;  ///< of an earlier connection, or with an old sequence number; ignored
  std::uint64_t stalled = 0;

  [[nodiscard]] std::uint64_t refused() const { return oversized + malformed + replayed + stalled; }
};

class Beat {
 public:
  struct Settings {
    Duration interval{1000};    ///< 1 ms to kLongestInterval: this end sends a frame at least that often
    std::uint64_t session = 0;  ///< random, for this connection only; not 0
    Condition condition = {};
  };

  /// The first frame is due at once. The peer has one and a half of this end's intervals for its first frame.
  Beat(const Settings& settings, TimePoint now);

  /// Takes bytes in pieces of any size. Refused frames are counted and do not keep the peer alive.
  std::vector<Heard> receive(std::span<const std::byte> bytes, TimePoint now);

  /// Returns the frame to send now, or nothing. Beat treats the frame as sent, so call due() only when the previous
  /// frame was written.
  std::string due(TimePoint now);

  /// Sets what this end reports. The next due() reports a change at once.
  void tell(Condition condition);

  /// Returns when due() or end() next has something to do.
  [[nodiscard]] TimePoint next() const;
  /// Returns when the peer counts as dead if no frame comes.
  [[nodiscard]] TimePoint dies() const;

  /// Returns nullopt while the connection continues. Once it returns an end, it always returns that end.
  std::optional<End> end(TimePoint now);

  [[nodiscard]] bool confirmed() const { return confirmed_; }
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Sent {
    std::uint64_t stamp = 0;
    TimePoint at{};
  };

  std::optional<Heard> take_frame(std::string_view bytes, TimePoint now);
  std::optional<std::chrono::microseconds> round_trip(std::uint64_t echo, std::uint64_t held_us, TimePoint now);
  void break_off(End end);

  Settings settings_;
  TimePoint began_;
  TimePoint next_send_;
  TimePoint heard_at_;
  Duration peer_interval_;
  std::string held_;  ///< the beginning of a frame
  std::uint64_t sequence_ = 0;
  std::uint64_t peer_session_ = 0;
  std::uint64_t peer_sequence_ = 0;
  std::uint64_t peer_stamp_ = 0;
  std::uint64_t last_echo_ = 0;
  bool confirmed_ = false;
  std::array<Sent, 16> sent_{};  ///< a ring of the last frames, for their echoes
  std::optional<End> end_;
  Counts counts_;
};

}  // namespace lastbyte::heartbeat
