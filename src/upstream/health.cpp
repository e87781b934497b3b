#include "upstream/health.h"

#include <algorithm>

namespace lastbyte::upstream {

bool CheckedHealth::take(bool succeeded, const Check& check) {
  in_a_row_ = succeeded == last_succeeded_ && in_a_row_ < UINT32_MAX ? in_a_row_ + 1 : 1;
  last_succeeded_ = succeeded;
  const std::uint32_t threshold = std::max(succeeded ? check.success_threshold : check.failure_threshold, 1U);
  const Verdict wanted = succeeded ? Verdict::healthy : Verdict::unhealthy;
  if (in_a_row_ < threshold || verdict_ == wanted) return false;
  verdict_ = wanted;
  return true;
}

bool is_bad(Observation::What what, const Ejection& rules) {
  switch (what) {
    case Observation::What::success: return false;
    case Observation::What::connect_failure: return rules.on_connect_failure;
    case Observation::What::early_reset: return rules.on_early_reset;
    case Observation::What::reset_unread: return rules.on_reset_unread;
    case Observation::What::timeout: return rules.on_timeout;
  }
  return false;
}

bool ObservedHealth::take(Observation::What what, const Ejection& rules, TimePoint now) {
  if (until_ && now < *until_) return false;
  if (what == Observation::What::success) bad_ = 0;
  // An ending that the rules do not name counts neither for nor against the member.
  if (!is_bad(what, rules)) return false;
  if (bad_ < UINT32_MAX) ++bad_;
  return bad_ >= std::max(rules.after, 1U);
}

void ObservedHealth::eject(const Ejection& rules, TimePoint now) {
  // A member is forgiven one ejection for each `time` that it has served since the last one.
  if (ejections_ > 0) {
    const auto step = std::max<Clock::duration>(rules.time, Duration{1});
    const auto forgiven = std::max<Clock::duration::rep>((now - returned_) / step, 0);
    ejections_ -= static_cast<std::uint32_t>(std::min<Clock::duration::rep>(forgiven, ejections_));
  }
  if (ejections_ < UINT32_MAX) ++ejections_;
  until_ = now + ejection_time(rules, ejections_);
  bad_ = 0;
}

bool ObservedHealth::returns(TimePoint now) {
  if (!until_ || now < *until_) return false;
  until_.reset();
  returned_ = now;
  return true;
}

Duration ejection_time(const Ejection& rules, std::uint32_t number) {
  const Duration time = std::max(rules.time, Duration{0});
  if (number == 0 || time == Duration{0}) return Duration{0};
  return time > rules.longest / number ? rules.longest : time * number;
}

bool may_eject(const Ejection& rules, std::size_t members, std::size_t ejected) {
  const std::size_t most = members * rules.most_percent / 100;
  return rules.most_percent > 0 && ejected < std::max<std::size_t>(most, 1);
}

State state_of(const Standing& standing) {
  if (standing.disabled) return State::disabled;
  if (standing.draining) return State::draining;
  if (standing.checked) {
    switch (*standing.checked) {
      case CheckedHealth::Verdict::unknown: return State::starting;
      case CheckedHealth::Verdict::unhealthy: return State::down;
      case CheckedHealth::Verdict::healthy: break;
    }
  }
  return standing.ejected ? State::ejected : State::up;
}

}  // namespace lastbyte::upstream
