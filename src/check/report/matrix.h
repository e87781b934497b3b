// Scenario x proxy, as its three forms show it: one cell each, and how green it is. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "check/grade/grade.h"

namespace lastbyte::check {

struct Cell {
  std::string text;
  double share = -1;  ///< of the rounds that passed; less than 0: not graded
  std::string why = {};
};

/// One row for each scenario that was played with somebody.
struct Row {
  const Scenario* scenario;
  std::vector<Cell> cells;
};

/// Likewise for each other variant that somebody speaks: how many of its scenarios have passed.
struct VariantRow {
  const Variant* variant;
  std::vector<Cell> cells;
};

std::vector<Row> rows_of(const std::vector<Report>& reports);
std::vector<VariantRow> variant_rows_of(const std::vector<Report>& reports);
/// How many of the scenarios over TCP that were graded have passed: "47/58".
std::string passed_of(const Report& report);
/// Likewise over all other variants; "-": none was played.
std::string passed_of_variants(const Report& report);

}  // namespace lastbyte::check
