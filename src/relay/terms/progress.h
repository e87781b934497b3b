// Records of sessions that go on. Pure.
#pragma once

#include <chrono>

#include "base/time.h"
#include "relay/terms/record.h"
#include "relay/terms/view.h"

namespace lastbyte::relay {

/// Of a session that has begun just now; `beginning`: its id, names, start and client.
Record record_of_beginning(Record beginning, bool datagrams);
/// Of an open session.
Record record_of_progress(const SessionView& view);

/// Whether an open session of this age is due for a record, which it is after each `every` of its life: one of these
/// moments has come in the time `since_last` that has passed since the last look at all sessions.
bool progress_is_due(std::chrono::microseconds age, std::chrono::microseconds since_last, Duration every);

/// How often all sessions are looked at, so that no record is late by more than an eighth of `every`, or by a second.
Duration progress_interval(Duration every);

}  // namespace lastbyte::relay
