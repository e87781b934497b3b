// The matrix of scenarios and proxies: one cell each, with its text and its share of passed rounds. Text, Markdown,
// HTML and SVG show it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "check/grade/grade.h"

namespace lastbyte::check {

struct Cell {
  std::string text;
  double share = -1;  ///< the share of rounds that passed; less than 0: not graded
  std::string why = {};
};

/// A row for each scenario that was played against at least one proxy.
struct Row {
  const Scenario* scenario;
  std::vector<Cell> cells;
};

/// A row for each other variant that at least one proxy speaks. Its cells count the scenarios that passed.
struct VariantRow {
  const Variant* variant;
  std::vector<Cell> cells;
};

std::vector<Row> rows_of(const std::vector<Report>& reports);
std::vector<VariantRow> variant_rows_of(const std::vector<Report>& reports);
/// Returns how many of the graded scenarios over TCP passed: "47/58".
std::string passed_of(const Report& report);
/// Returns the same count over all other variants; "-": none was played.
std::string passed_of_variants(const Report& report);

}  // namespace lastbyte::check
