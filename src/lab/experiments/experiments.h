// All experiments, one file each.
#pragma once

#include <span>
#include <string_view>

#include "lab/terms/experiment.h"

namespace lastbyte::lab {

extern const Experiment kCloseUnread;
extern const Experiment kPipelinedError;
extern const Experiment kNginxLingering;
extern const Experiment kLingerMatrix;
extern const Experiment kShutdownMatrix;
extern const Experiment kResetReasons;
extern const Experiment kBindMatrix;
extern const Experiment kTimeWaitReuse;
extern const Experiment kRecvErrors;
extern const Experiment kTimeWaitWhere;
extern const Experiment kHalfOpen;
extern const Experiment kEvents;
extern const Experiment kBlindReset;
extern const Experiment kPaws;
extern const Experiment kPortExhaustion;
extern const Experiment kBindClaims;
extern const Experiment kRetryLoop;
extern const Experiment kFastOpen;
extern const Experiment kListening;
extern const Experiment kUnixSockets;
extern const Experiment kDatagrams;
extern const Experiment kResilience;

/// All experiments in their order in reports.
std::span<const Experiment* const> experiments();
/// Returns nullptr if no experiment has that name.
const Experiment* find_experiment(std::string_view name);

}  // namespace lastbyte::lab
