// A picture of shares with the intervals that they were measured within. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lastbyte::page {

/// Shares from 0 to 1.
struct Interval {
  std::string label;
  double share = 0;
  double low = 0;
  double high = 0;
};

/// A line at this share, from top to bottom.
struct Guide {
  double share = 0;
  std::string label;
};

/// A row for each, on one axis in percent that begins at 0. A picture by itself, as svg() of sequences.
std::string svg(std::span<const Interval> rows, std::span<const Guide> guides);

/// "3.2 %", "0.05 %": three significant digits at most.
std::string percent(double share);

}  // namespace lastbyte::page
