// Draws shares with their confidence intervals. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lastbyte::page {

/// A share and its interval, each from 0 to 1.
struct Interval {
  std::string label;
  double share = 0;
  double low = 0;
  double high = 0;
};

/// A vertical line at this share.
struct Guide {
  double share = 0;
  std::string label;
};

/// Draws a row for each interval, on one axis in percent that begins at 0. The picture is self-contained, like that of
/// a sequence.
std::string svg(std::span<const Interval> rows, std::span<const Guide> guides);

/// Returns "3.2 %" or "0.05 %": at most three significant digits.
std::string percent(double share);

}  // namespace lastbyte::page
