// Counts the events of a whole run: by reason, peer and process, and by the connection's age. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "kernel/reset/event.h"

namespace lastbyte::trace {

class Summary {
 public:
  /// Number of different peers or processes; any more count as "other".
  static constexpr std::size_t kMostKeys = 10'000;
  /// The upper ends of the classes of ages, in milliseconds. One more class has the rest.
  static constexpr std::array<std::int64_t, 7> kAgeEndsMs{1, 10, 100, 1'000, 10'000, 60'000, 3'600'000};

  void add(const kernel::TcpEvent& event);

  /// Both have tables with the most frequent first.
  [[nodiscard]] std::string as_text() const;
  [[nodiscard]] std::string as_json() const;

 private:
  using Counts = std::map<std::string, std::uint64_t>;
  static void count(Counts& counts, const std::string& key);

  std::uint64_t events_ = 0;
  Counts reasons_;  ///< key: the kind, and the reason of a sent reset
  Counts peers_;
  Counts processes_;
  std::array<std::uint64_t, kAgeEndsMs.size() + 1> ages_{};
  std::uint64_t unknown_ages_ = 0;
};

}  // namespace lastbyte::trace
