#include "lab/experiments/experiments.h"

#include <algorithm>
#include <array>

namespace lastbyte::lab {

std::span<const Experiment* const> experiments() {
  static constexpr std::array kAll{
      &kCloseUnread, &kPipelinedError, &kNginxLingering, &kLingerMatrix, &kShutdownMatrix, &kBindMatrix,
      &kBindClaims,  &kTimeWaitWhere,  &kTimeWaitReuse,  &kPaws,         &kPortExhaustion, &kResetReasons,
      &kFastOpen,    &kHalfOpen,       &kBlindReset,     &kRecvErrors,   &kRetryLoop,      &kEvents,
      &kListening,   &kUnixSockets,    &kDatagrams,      &kResilience};
  return kAll;
}

const Experiment* find_experiment(std::string_view name) {
  const auto all = experiments();
  const auto found = std::ranges::find_if(all, [&](const Experiment* each) { return each->name == name; });
  return found == all.end() ? nullptr : *found;
}

}  // namespace lastbyte::lab
