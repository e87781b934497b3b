// One end of a heartbeat connection (docs/heartbeat.md): which bytes to send and when, what the bytes of the peer say,
// and when the peer is dead. Pure: bytes and time are passed in, sockets are the caller's. It depends on nothing but
// the standard library, base/time.h and the messages of proto/heartbeat.proto, so that other programs can use it as it
// is.
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

inline constexpr std::size_t kLargestFrame = 1024;  ///< bytes, without the length ahead of it
inline constexpr Duration kLongestInterval{3'600'000};

/// What one end tells of itself.
struct Condition {
  std::uint32_t load_percent = 0;
  bool draining = false;

  friend bool operator==(const Condition&, const Condition&) = default;
};

/// A frame that was taken.
struct Heard {
  Condition condition;
  Duration interval{0};  ///< that the peer promises
  /// Measured by the echo of a frame of ours; nullopt: this frame has no new echo.
  std::optional<std::chrono::microseconds> round_trip;
  bool confirmed = false;  ///< the peer has heard us on this connection, so this is no recording
};

/// Why a connection is over.
enum class End : std::uint8_t {
  silent,     ///< no frame for one and a half intervals
  stalled,    ///< likewise, and a frame was begun
  oversized,  ///< a frame of more than kLargestFrame bytes; where the next one begins is not known
  malformed,  ///< no frame, or one without what every frame has
};
std::string_view name(End);

struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t taken = 0;
  std::uint64_t oversized = 0;
  std::uint64_t malformed = 0;
  std::uint64_t replayed = 0;  ///< of an earlier connection, or with a sequence that was there before; passed over
  std::uint64_t stalled = 0;

  [[nodiscard]] std::uint64_t refused() const { return oversized + malformed + replayed + stalled; }
};

class Beat {
 public:
  struct Settings {
    Duration interval{1000};    ///< 1 ms to kLongestInterval: this end sends a frame at least so often
    std::uint64_t session = 0;  ///< random, for this connection alone; not 0
    Condition condition = {};
  };

  /// The first frame is due at once. The peer has one and a half of our intervals for its first frame.
  Beat(const Settings& settings, TimePoint now);

  /// Takes bytes as they come, cut in any way. Frames that are refused are counted and do not count as heard.
  std::vector<Heard> receive(std::span<const std::byte> bytes, TimePoint now);

  /// What is to be sent now: one frame, or nothing. Calling it is sending: do so only when the last one was written.
  std::string due(TimePoint now);

  /// A change is told at once, by the next due().
  void tell(Condition condition);

  /// When due() or end() has something next.
  [[nodiscard]] TimePoint next() const;
  /// When the peer is dead if no frame comes.
  [[nodiscard]] TimePoint dies() const;

  /// nullopt: the connection goes on. What it returns once it returns for good.
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
