#include <algorithm>
#include <array>
#include <cstdio>

#include "check/report.h"

namespace lastbyte::check {
namespace {

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

Cell cell_of(const Outcome& outcome) {
  if (outcome.verdict == Verdict::skip) return {.text = "-", .why = outcome.reason};
  const double share = outcome.rounds == 0 ? 0 : static_cast<double>(outcome.passed) / outcome.rounds;
  if (outcome.verdict == Verdict::pass) return {.text = "pass", .share = 1};
  if (outcome.rounds <= 1) return {.text = "FAIL", .share = 0, .why = outcome.reason};
  return {.text = std::to_string(outcome.passed) + "/" + std::to_string(outcome.rounds),
          .share = std::min(share, 0.99),
          .why = outcome.reason};
}

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

/// Likewise for each other variant that somebody speaks: how many of its scenarios have passed.
struct VariantRow {
  const Variant* variant;
  std::vector<Cell> cells;
};

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
  if (played == 0) return {.text = "-", .why = "it does not speak it"};
  return {.text = std::to_string(passed) + "/" + std::to_string(played),
          .share = static_cast<double>(passed) / static_cast<double>(played),
          .why = why};
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

/// For Markdown's tables and for HTML alike.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '|': out += "&#124;"; break;
      case '\n': out += ' '; break;
      default: out += c;
    }
  }
  return out;
}

/// From red over yellow to green; light enough for black text.
std::string colour(double share) {
  if (share < 0) return "#eeeeee";
  const int hue = static_cast<int>(120 * share);
  char text[32];
  std::snprintf(text, sizeof text, "hsl(%d 65%% %d%%)", hue, share >= 1 ? 78 : 72);
  return text;
}

std::string version_of(const Report& report) { return report.version.empty() ? "" : " (" + report.version + ")"; }

constexpr const char* kHowToRead =
    "A cell says whether the proxy has passed: `pass`, `FAIL`, or in how many rounds of how many; `-` means that it "
    "was "
    "not graded. \"No proxy\" is plain TCP between the same two peers. Each scenario is explained in "
    "[check.md](check.md).";

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .25rem .5rem; border: 1px solid #fff; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: #fff; vertical-align: bottom; }
td.cell { text-align: center; min-width: 4.5rem; }
td.name { white-space: nowrap; }
td small { color: #555; display: block; white-space: normal; max-width: 26rem; }
tr.sum td { font-weight: 600; text-align: center; }
)";

}  // namespace

std::string matrix_text(const std::vector<Report>& reports) {
  const auto rows = rows_of(reports);
  std::size_t name_width = 8;
  for (const Row& row : rows) name_width = std::max(name_width, row.scenario->name.size());
  for (const VariantRow& row : variant_rows_of(reports))
    name_width = std::max(name_width, row.variant->name.size() + 1);
  const auto padded = [](std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text + "  ";
  };
  std::string out = padded("", 3) + padded("", name_width);
  for (const Report& each : reports) out += padded(each.target, 6);
  out += "\n";
  const auto width_of = [&](std::size_t column) { return std::max<std::size_t>(reports[column].target.size(), 6); };
  for (const Row& row : rows) {
    out += padded(std::string(row.scenario->clause), 3) + padded(std::string(row.scenario->name), name_width);
    for (std::size_t i = 0; i < row.cells.size(); ++i) out += padded(row.cells[i].text, width_of(i));
    out += "\n";
  }
  out += padded("", 3) + padded("passed", name_width);
  for (std::size_t i = 0; i < reports.size(); ++i) out += padded(passed_of(reports[i]), width_of(i));
  out += "\n";
  for (const VariantRow& row : variant_rows_of(reports)) {
    out += padded("", 3) + padded("@" + std::string(row.variant->name), name_width);
    for (std::size_t i = 0; i < row.cells.size(); ++i) out += padded(row.cells[i].text, width_of(i));
    out += "\n";
  }
  return out;
}

namespace {

std::string variants_markdown(const std::vector<Report>& reports) {
  const auto rows = variant_rows_of(reports);
  if (rows.empty()) return "";
  std::string out =
      "\n## Over UNIX sockets, and with PROXY protocol headers\n\n"
      "How many of the scenarios that have a meaning there have passed; `-` means that the proxy does not speak it. "
      "See "
      "[check.md](check.md#variants).\n\n| variant | what it is |";
  for (const Report& each : reports) out += " " + each.target + " |";
  out += "\n|---|---|";
  for (std::size_t i = 0; i < reports.size(); ++i) out += "---|";
  out += "\n";
  for (const VariantRow& row : rows) {
    out += "| " + std::string(row.variant->name) + " | " + std::string(row.variant->title) + " |";
    for (const Cell& cell : row.cells)
      out += " " + (cell.share >= 0 && cell.share < 1 ? "**" + cell.text + "**" : cell.text) + " |";
    out += "\n";
  }
  return out;
}

std::string html_cell(const Cell& cell) {
  return "<td class=\"cell\" style=\"background:" + colour(cell.share) + "\" title=\"" + escaped(cell.why) + "\">" +
         cell.text + "</td>";
}

}  // namespace

std::string matrix_markdown(const std::vector<Report>& reports) {
  const auto rows = rows_of(reports);
  std::string out = "# How proxies end connections\n\nMade by `lastbyte check`";
  if (!reports.empty()) out += " on " + reports.front().when.substr(0, 10) + ", " + reports.front().kernel;
  out += ", over loopback and with the proxies' own defaults.\n\n";
  for (const Report& each : reports) out += "- " + each.target + version_of(each) + "\n";
  out += "\n" + std::string(kHowToRead) + "\n\n| clause | scenario |";
  for (const Report& each : reports) out += " " + each.target + " |";
  out += "\n|---|---|";
  for (std::size_t i = 0; i < reports.size(); ++i) out += "---|";
  out += "\n";
  for (const Row& row : rows) {
    out += "| " + std::string(row.scenario->clause) + " | [" + std::string(row.scenario->name) + "](check.md#" +
           std::string(row.scenario->name) + ") |";
    for (const Cell& cell : row.cells)
      out += " " + (cell.share >= 0 && cell.share < 1 ? "**" + cell.text + "**" : cell.text) + " |";
    out += "\n";
  }
  out += "| | passed |";
  for (const Report& each : reports) out += " " + passed_of(each) + " |";
  out += "\n";
  out += variants_markdown(reports);
  out += "\n## What went wrong\n";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    out += "\n### " + reports[i].target + "\n\n";
    bool any = false;
    for (const Row& row : rows) {
      if (row.cells[i].share < 0 || row.cells[i].share >= 1) continue;
      any = true;
      out += "- " + std::string(row.scenario->name) + ": " + escaped(row.cells[i].why) + "\n";
    }
    for (const VariantRow& row : variant_rows_of(reports)) {
      if (row.cells[i].share < 0 || row.cells[i].share >= 1) continue;
      any = true;
      out += "- @" + std::string(row.variant->name) + ": " + escaped(row.cells[i].why) + "\n";
    }
    if (!any) out += "Nothing.\n";
  }
  return out;
}

std::string matrix_html(const std::vector<Report>& reports) {
  const auto rows = rows_of(reports);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>How proxies end connections</title>\n<style>" +
      std::string(kStyle) +
      "</style></head><body>\n<h1>How proxies end connections</h1>\n<p>Made by <code>lastbyte check</code>";
  if (!reports.empty()) out += " on " + reports.front().when.substr(0, 10) + ", " + escaped(reports.front().kernel);
  out +=
      ". Green has passed in every round, red in none; grey was not graded. Rest the pointer on a cell to see what "
      "went "
      "wrong. \u201cNo proxy\u201d is plain TCP between the same two peers.</p>\n<div class=\"scroll\"><table>\n"
      "<thead><tr><th>Clause</th><th>Scenario</th>";
  for (const Report& each : reports)
    out += "<th title=\"" + escaped(each.version) + "\">" + escaped(each.target) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const Row& row : rows) {
    out += "<tr><td>" + std::string(row.scenario->clause) + "</td><td class=\"name\">" +
           std::string(row.scenario->name) + "<small>" + escaped(row.scenario->title) + "</small></td>";
    for (const Cell& cell : row.cells) out += html_cell(cell);
    out += "</tr>\n";
  }
  out += "<tr class=\"sum\"><td></td><td>passed over TCP</td>";
  for (const Report& each : reports) out += "<td>" + passed_of(each) + "</td>";
  out += "</tr>\n";
  for (const VariantRow& row : variant_rows_of(reports)) {
    out += "<tr><td></td><td class=\"name\">" + std::string(row.variant->name) + "<small>" +
           escaped(row.variant->title) + "</small></td>";
    for (const Cell& cell : row.cells) out += html_cell(cell);
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n<ul>\n";
  for (const Report& each : reports) out += "<li>" + escaped(each.target + version_of(each)) + "</li>\n";
  return out + "</ul>\n</body></html>\n";
}

}  // namespace lastbyte::check
