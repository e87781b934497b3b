// The few events of a session that an operator may ask for, kept while the session is open. Does no I/O.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
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
  std::chrono::microseconds at;  ///< since accept(); exact below 4 s, then to one part in two million
  termination::Which side;
  Happened what;
};

/// The first events of a session, and its last one. The first two are stored in place (an open session has only
/// connecting and connected); the third allocates the room for the others.
class Trail {
 public:
  static constexpr std::size_t kMost = 15;

  void add(std::chrono::microseconds at, termination::Which side, Happened what);
  /// Adds everything that a step of termination shows.
  void add(std::chrono::microseconds at, const termination::Session& before, const termination::Step& step);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] TrailEntry operator[](std::size_t index) const;

 private:
  using Packed = std::uint32_t;  ///< 0: none
  static constexpr std::size_t kOwn = 2;
  struct Rest {
    std::array<Packed, kMost - kOwn> entries;
    std::uint32_t size = 0;
  };

  std::array<Packed, kOwn> own_{};
  std::unique_ptr<Rest> rest_;
};

}  // namespace lastbyte::relay
