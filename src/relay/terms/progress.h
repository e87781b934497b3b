// Records of open sessions. Pure.
#pragma once

#include <chrono>

#include "base/time.h"
#include "relay/terms/record.h"
#include "relay/terms/view.h"

namespace lastbyte::relay {

/// The record of a session that has just begun; `beginning`: its id, names, start and client.
Record record_of_beginning(Record beginning, bool datagrams);
/// The record of an open session.
Record record_of_progress(const SessionView& view);

/// Whether an open session of this age is due for a record. It is due after each `every` of its life, if that moment
/// lies within `since_last`, the time since the last look at all sessions.
bool progress_is_due(std::chrono::microseconds age, std::chrono::microseconds since_last, Duration every);

/// The interval between looks at all sessions, so that no record is late by more than an eighth of `every`, or by a
/// second.
Duration progress_interval(Duration every);

}  // namespace lastbyte::relay
