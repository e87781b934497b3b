// When a member of a group counts as healthy: by active checks, and by how its sessions ended. Pure: observations and
// time are passed in. The probe thread asks; no worker does.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "upstream/terms/settings.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::upstream {

/// What the active checks of one member have shown.
class CheckedHealth {
 public:
  enum class Verdict : std::uint8_t {
    unknown,  ///< neither threshold was reached yet
    healthy,
    unhealthy,
  };

  /// Takes the outcome of one check. True: the verdict has changed.
  bool take(bool succeeded, const Check& check);
  [[nodiscard]] Verdict verdict() const { return verdict_; }
  /// Successes, or failures, in a row; the last outcome tells which.
  [[nodiscard]] std::uint32_t in_a_row() const { return in_a_row_; }
  [[nodiscard]] bool last_succeeded() const { return last_succeeded_; }

 private:
  Verdict verdict_ = Verdict::unknown;
  std::uint32_t in_a_row_ = 0;
  bool last_succeeded_ = false;
};

/// Whether an ending counts against a member.
bool is_bad(Observation::What what, const Ejection& rules);

/// What the endings of one member's sessions have shown.
class ObservedHealth {
 public:
  /// Takes one ending. True: the member is to be ejected, if the group allows it (may_eject()). Endings of sessions
  /// that began before an ejection and are told during it count for nothing.
  bool take(Observation::What what, const Ejection& rules, TimePoint now);
  /// The group allows it.
  void eject(const Ejection& rules, TimePoint now);
  /// The time is over. True: the member has returned just now.
  bool returns(TimePoint now);

  /// Until when; nullopt: it is not ejected.
  [[nodiscard]] std::optional<TimePoint> ejected_until() const { return until_; }
  [[nodiscard]] std::uint32_t bad_in_a_row() const { return bad_; }
  /// Ejections that the length of the next one goes by.
  [[nodiscard]] std::uint32_t ejections() const { return ejections_; }

 private:
  std::uint32_t bad_ = 0;
  std::uint32_t ejections_ = 0;
  std::optional<TimePoint> until_;
  TimePoint returned_{};
};

/// How long the n-th ejection lasts: n times `time`, at most `longest`. `number` counts from 1.
Duration ejection_time(const Ejection& rules, std::uint32_t number);

/// Whether one more of `members` may be ejected while `ejected` are. One always may, unless `most_percent` is 0.
bool may_eject(const Ejection& rules, std::size_t members, std::size_t ejected);

/// Everything that decides on a member's state.
struct Standing {
  std::optional<CheckedHealth::Verdict> checked;  ///< nullopt: the group has no check
  bool ejected = false;
  bool draining = false;
  bool disabled = false;
};
/// The state that follows. The operator's word comes first, then draining, then the checks.
State state_of(const Standing& standing);

/// A state in which a member gets new sessions while health counts.
constexpr bool is_healthy(State state) { return state == State::up; }
/// A state in which a member gets new sessions when health is ignored (panic): nobody took it away on purpose.
constexpr bool serves_in_panic(State state) { return state != State::draining && state != State::disabled; }

}  // namespace lastbyte::upstream
