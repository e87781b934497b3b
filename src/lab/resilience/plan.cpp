#include "lab/resilience/plan.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace lastbyte::lab::resilience {
namespace {

std::size_t at_least_one(double value) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(value)));
}

}  // namespace

std::vector<Planned> plan(const Trials& trials) {
  const std::size_t of_each = at_least_one(trials.requests * trials.rate / static_cast<double>(kKinds));
  // Each entry is one event. A restart is one event for all of its requests.
  std::vector<Fault> events;
  for (const Named& each : kFaults) {
    if (each.fault == Fault::none) continue;
    const bool restart = each.fault == Fault::restart;
    events.insert(events.end(), restart ? at_least_one(static_cast<double>(of_each) / kRestartLength) : of_each,
                  each.fault);
  }
  const auto restarts = static_cast<std::size_t>(std::ranges::count(events, Fault::restart));
  const std::size_t taken = events.size() + restarts * (kRestartLength - 1);
  if (taken < trials.requests) events.insert(events.end(), trials.requests - taken, Fault::none);
  // std::shuffle differs between libraries.
  std::mt19937_64 random(trials.seed);
  for (std::size_t left = events.size(); left > 1; --left) std::swap(events[left - 1], events[random() % left]);
  std::vector<Planned> planned;
  for (const Fault each : events) {
    const std::size_t length = each == Fault::restart ? kRestartLength : 1;
    for (std::size_t at = 0; at < length; ++at)
      planned.push_back({.fault = each, .begins = at == 0, .ends = at + 1 == length});
  }
  planned.resize(trials.requests);
  return planned;
}

}  // namespace lastbyte::lab::resilience
