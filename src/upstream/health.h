// A member's health, from active checks and from the endings of its sessions. Pure: observations and time are passed
// in. The probe thread decides; workers do not.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "upstream/terms/settings.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// The result of the active checks of one member.
class CheckedHealth {
 public:
  enum class Verdict : std::uint8_t {
    unknown,  ///< neither threshold has been reached yet
    healthy,
    unhealthy,
  };

  /// Takes the outcome of one check. Returns true if the verdict has changed.
  bool take(bool succeeded, const Check& check);
  [[nodiscard]] Verdict verdict() const { return verdict_; }
  /// The number of equal outcomes in a row; last_succeeded() tells whether they are successes or failures.
  [[nodiscard]] std::uint32_t in_a_row() const { return in_a_row_; }
  [[nodiscard]] bool last_succeeded() const { return last_succeeded_; }

 private:
  Verdict verdict_ = Verdict::unknown;
  std::uint32_t in_a_row_ = 0;
  bool last_succeeded_ = false;
};

/// Whether an ending counts against a member.
bool is_bad(Observation::What what, const Ejection& rules);

/// The result of the endings of one member's sessions.
class ObservedHealth {
 public:
  /// Takes one ending. Returns true if the member should be ejected, provided that the group allows it (may_eject()).
  /// Endings reported during an ejection do not count: those sessions began before it.
  bool take(Observation::What what, const Ejection& rules, TimePoint now);
  /// Ejects the member. The caller has checked may_eject().
  void eject(const Ejection& rules, TimePoint now);
  /// Ends an ejection whose time is over. Returns true if the member has just returned.
  bool returns(TimePoint now);

  /// The end of the ejection; nullopt: the member is not ejected.
  [[nodiscard]] std::optional<TimePoint> ejected_until() const { return until_; }
  [[nodiscard]] std::uint32_t bad_in_a_row() const { return bad_; }
  /// The number of ejections that determines how long the next one lasts.
  [[nodiscard]] std::uint32_t ejections() const { return ejections_; }

 private:
  std::uint32_t bad_ = 0;
  std::uint32_t ejections_ = 0;
  std::optional<TimePoint> until_;
  TimePoint returned_{};
};

/// The length of the n-th ejection: n times `time`, at most `longest`. `number` counts from 1.
Duration ejection_time(const Ejection& rules, std::uint32_t number);

/// Whether one more of `members` may be ejected while `ejected` are. One always may, unless `most_percent` is 0.
bool may_eject(const Ejection& rules, std::size_t members, std::size_t ejected);

/// Everything that determines a member's state.
struct Standing {
  std::optional<CheckedHealth::Verdict> checked;  ///< nullopt: the group has no check
  bool ejected = false;
  bool draining = false;
  bool disabled = false;
};
/// The resulting state. The operator's order takes precedence, then draining, then the checks.
State state_of(const Standing& standing);

/// Whether a member in this state gets new sessions while health counts.
constexpr bool is_healthy(State state) { return state == State::up; }
/// Whether a member in this state gets new sessions while health is ignored (panic): nobody took it away on purpose.
constexpr bool serves_in_panic(State state) { return state != State::draining && state != State::disabled; }

}  // namespace lastbyte::upstream
