#include "upstream/ewma.h"

#include <algorithm>
#include <cmath>

namespace lastbyte::upstream {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

double rest_after(Clock::duration time) {
  const double ratio = std::chrono::duration<double>(time) / std::chrono::duration<double>(kEwmaTime);
  return std::exp(-std::max(ratio, 0.0));
}

Ewma read(const Figures& figures) {
  return {.cost_us = static_cast<double>(figures.peak_ewma_us.load(std::memory_order_relaxed)),
          .at = TimePoint(microseconds(figures.ewma_at_us.load(std::memory_order_relaxed)))};
}

}  // namespace

double Ewma::sunk(TimePoint now) const { return cost_us * rest_after(now - at); }

void Ewma::take(microseconds sample, TimePoint now) {
  const double taken = static_cast<double>(std::max(sample, microseconds(0)).count());
  const double rest = rest_after(now - at);
  cost_us = taken >= cost_us ? taken : cost_us * rest + taken * (1 - rest);
  at = std::max(at, now);
}

void take_sample(Figures& figures, microseconds sample, TimePoint now) {
  Ewma average = read(figures);
  average.take(sample, now);
  figures.peak_ewma_us.store(static_cast<std::uint64_t>(average.cost_us), std::memory_order_relaxed);
  figures.ewma_at_us.store(duration_cast<microseconds>(average.at.time_since_epoch()).count(),
                           std::memory_order_relaxed);
}

double cost_us(const Figures& figures, TimePoint now) { return read(figures).sunk(now); }

}  // namespace lastbyte::upstream
