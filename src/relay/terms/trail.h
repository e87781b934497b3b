// The few events of a session that an operator asks for: kept while the session is open, in a fixed place. Pure.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "termination/session.h"

namespace lastbyte::relay {

enum class Happened : std::uint8_t {
  connecting,
  connected,
  connect_failed,
  fin_received,
  fin_sent,
  reset_received,
  reset_sent,
  refused,   ///< the side takes no more data
  vanished,  ///< the side stopped answering
  lingering,
  limit,  ///< a deadline passed
  closed,
};

std::string_view name(Happened what);

struct TrailEntry {
  std::chrono::microseconds at;  ///< since accept()
  termination::Which side;
  Happened what;
};

/// The first events of a session, and its last one.
class Trail {
 public:
  static constexpr std::size_t kMost = 12;

  void add(std::chrono::microseconds at, termination::Which side, Happened what);
  /// Everything that a step of termination shows.
  void add(std::chrono::microseconds at, const termination::Session& before, const termination::Step& step);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] TrailEntry operator[](std::size_t index) const;

 private:
  std::array<std::uint64_t, kMost> entries_{};  ///< the time above 16 bits of side and event
  std::uint8_t size_ = 0;
};

}  // namespace lastbyte::relay
