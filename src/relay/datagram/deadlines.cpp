#include "relay/datagram/deadlines.h"

#include <algorithm>

namespace lastbyte::relay {
namespace {

/// Until when an answer is owed at a stop. An upstream that never spoke most likely never answers (syslog, statsd).
TimePoint owed_until(const DatagramTimes& times) {
  if (times.has_spoken) return times.heard + times.limit;
  return std::max(times.heard, times.stop->asked) + kAnswerIsOver;
}

}  // namespace

TimePoint deadline(const DatagramTimes& times) {
  // `heard` of a parted session may be long before its client's last request.
  TimePoint at = times.parted ? *times.parted + times.limit : times.heard + times.limit;
  if (times.answered && (times.parted || times.stop)) at = std::min(at, times.heard + kAnswerIsOver);
  if (!times.stop) return at;
  if (!times.answered) at = std::min(at, owed_until(times));
  return std::min(at, times.stop->by);
}

DatagramEnd end_by_time(const DatagramTimes& times, TimePoint now) {
  if (!times.parted && now >= times.heard + times.limit) return DatagramEnd::idle;
  if (times.stop && now >= times.stop->by && !times.answered && now < owed_until(times)) return DatagramEnd::stopped;
  return times.parted ? DatagramEnd::superseded : DatagramEnd::drained;
}

}  // namespace lastbyte::relay
