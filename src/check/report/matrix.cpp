#include "check/report/matrix.h"

#include <algorithm>

namespace lastbyte::check {
namespace {

Cell cell_of(const Outcome& outcome) {
  if (outcome.verdict == Verdict::skip) return {.text = "-", .why = outcome.reason};
  const double share = outcome.rounds == 0 ? 0 : static_cast<double>(outcome.passed) / outcome.rounds;
  if (outcome.verdict == Verdict::pass) return {.text = "pass", .share = 1};
  if (outcome.rounds <= 1) return {.text = "FAIL", .share = 0, .why = outcome.reason};
  return {.text = std::to_string(outcome.passed) + "/" + std::to_string(outcome.rounds),
          .share = std::min(share, 0.99),
          .why = outcome.reason};
}

Cell cell_of(const Report& report, const Variant& variant) {
  std::size_t played = 0;
  std::size_t passed = 0;
  std::string why;
  for (const Outcome& each : report.outcomes) {
    if (each.variant != &variant || each.verdict == Verdict::skip) continue;
    ++played;
    if (each.verdict == Verdict::pass) ++passed;
    if (each.verdict == Verdict::fail) why += (why.empty() ? "" : "; ") + std::string(each.scenario->name);
  }
  if (played == 0) return {.text = "-", .why = "the proxy does not speak this variant"};
  return {.text = std::to_string(passed) + "/" + std::to_string(played),
          .share = static_cast<double>(passed) / static_cast<double>(played),
          .why = why};
}

}  // namespace

std::vector<Row> rows_of(const std::vector<Report>& reports) {
  std::vector<Row> rows;
  if (reports.empty()) return rows;
  for (std::size_t at = 0; at < reports.front().outcomes.size(); ++at) {
    if (reports.front().outcomes[at].variant != &tcp_variant()) continue;
    Row row{reports.front().outcomes[at].scenario, {}};
    for (const Report& each : reports) row.cells.push_back(cell_of(each.outcomes.at(at)));
    if (std::ranges::any_of(row.cells, [](const Cell& cell) { return cell.share >= 0; }))
      rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<VariantRow> variant_rows_of(const std::vector<Report>& reports) {
  std::vector<VariantRow> rows;
  for (const Variant& variant : variants()) {
    if (&variant == &tcp_variant()) continue;
    VariantRow row{&variant, {}};
    for (const Report& each : reports) row.cells.push_back(cell_of(each, variant));
    if (std::ranges::any_of(row.cells, [](const Cell& cell) { return cell.share >= 0; }))
      rows.push_back(std::move(row));
  }
  return rows;
}

std::string passed_of(const Report& report) { return cell_of(report, tcp_variant()).text; }

std::string passed_of_variants(const Report& report) {
  std::size_t played = 0;
  std::size_t passed = 0;
  for (const Outcome& each : report.outcomes) {
    if (each.variant == &tcp_variant() || each.verdict == Verdict::skip) continue;
    ++played;
    if (each.verdict == Verdict::pass) ++passed;
  }
  return played == 0 ? "-" : std::to_string(passed) + "/" + std::to_string(played);
}

}  // namespace lastbyte::check
