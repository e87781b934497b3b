// The metrics of one moment in Prometheus' text format, and their descriptions. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "observe/metrics/snapshot.h"

namespace lastbyte::observe {

/// Returns all described families in a fixed order, even those without a series yet.
std::vector<prometheus::MetricFamily> families(const Snapshot& snapshot);

/// Returns the text format 0.0.4 (Content-Type: text/plain; version=0.0.4).
std::string metrics_text(const Snapshot& snapshot);

/// One row of docs/metrics.md.
struct MetricDescription {
  std::string name;
  std::string type;
  std::string labels;  ///< "forwarding, side"; empty: none
  std::string help;
};
std::vector<MetricDescription> described_metrics();

}  // namespace lastbyte::observe
