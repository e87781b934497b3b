// The matrix as text, as Markdown and as an HTML page.
#include <algorithm>

#include "check/report/matrix.h"
#include "check/report/report.h"
#include "page/html.h"

namespace lastbyte::check {
namespace {

std::string version_of(const Report& report) { return report.version.empty() ? "" : " (" + report.version + ")"; }

constexpr const char* kHowToRead =
    "A cell says whether the proxy has passed: `pass`, `FAIL`, or in how many rounds of how many; `-` means that it "
    "was "
    "not graded. \"No proxy\" is plain TCP between the same two peers. Each scenario is explained in "
    "[check.md](check.md).";

constexpr const char* kStyle =
    R"(th, td { padding: .25rem .5rem; border: 1px solid #fff; text-align: left; vertical-align: top; }
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
  return "<td class=\"cell\" style=\"background:" + page::colour(cell.share) + "\" title=\"" + page::escaped(cell.why) +
         "\">" + cell.text + "</td>";
}

}  // namespace

std::string matrix_markdown(const std::vector<Report>& reports, const std::string& picture) {
  const auto rows = rows_of(reports);
  std::string out = "# How proxies end connections\n\nMade by `lastbyte check`";
  if (!reports.empty()) out += " on " + reports.front().when.substr(0, 10) + ", " + reports.front().kernel;
  out += ", over loopback and with the proxies' own defaults.\n\n";
  out += "| proxy | version | passed over TCP | passed in variants |\n|---|---|---|---|\n";
  for (const Report& each : reports)
    out += "| " + each.target + " | " + page::escaped(each.version) + " | " + passed_of(each) + " | " +
           passed_of_variants(each) + " |\n";
  if (!picture.empty()) out += "\n![scenario by proxy, green where every round passed](" + picture + ")\n";
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
  out += variants_markdown(reports);
  out += "\n## What went wrong\n";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    out += "\n### " + reports[i].target + "\n\n";
    bool any = false;
    for (const Row& row : rows) {
      if (row.cells[i].share < 0 || row.cells[i].share >= 1) continue;
      any = true;
      out += "- " + std::string(row.scenario->name) + ": " + page::escaped(row.cells[i].why) + "\n";
    }
    for (const VariantRow& row : variant_rows_of(reports)) {
      if (row.cells[i].share < 0 || row.cells[i].share >= 1) continue;
      any = true;
      out += "- @" + std::string(row.variant->name) + ": " + page::escaped(row.cells[i].why) + "\n";
    }
    if (!any) out += "Nothing.\n";
  }
  return out;
}

std::string matrix_html(const std::vector<Report>& reports) {
  const auto rows = rows_of(reports);
  std::string out = "<p>Made by <code>lastbyte check</code>";
  if (!reports.empty())
    out += " on " + reports.front().when.substr(0, 10) + ", " + page::escaped(reports.front().kernel);
  out +=
      ". Green has passed in every round, red in none; grey was not graded. Rest the pointer on a cell to see what "
      "went "
      "wrong. \u201cNo proxy\u201d is plain TCP between the same two peers.</p>\n<div class=\"scroll\"><table>\n"
      "<thead><tr><th>Clause</th><th>Scenario</th>";
  for (const Report& each : reports)
    out += "<th title=\"" + page::escaped(each.version) + "\">" + page::escaped(each.target) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const Row& row : rows) {
    out += "<tr><td>" + std::string(row.scenario->clause) + "</td><td class=\"name\">" +
           std::string(row.scenario->name) + "<small>" + page::escaped(row.scenario->title) + "</small></td>";
    for (const Cell& cell : row.cells) out += html_cell(cell);
    out += "</tr>\n";
  }
  out += "<tr class=\"sum\"><td></td><td>passed over TCP</td>";
  for (const Report& each : reports) out += "<td>" + passed_of(each) + "</td>";
  out += "</tr>\n";
  for (const VariantRow& row : variant_rows_of(reports)) {
    out += "<tr><td></td><td class=\"name\">" + std::string(row.variant->name) + "<small>" +
           page::escaped(row.variant->title) + "</small></td>";
    for (const Cell& cell : row.cells) out += html_cell(cell);
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n<ul>\n";
  for (const Report& each : reports) out += "<li>" + page::escaped(each.target + version_of(each)) + "</li>\n";
  return page::document("How proxies end connections", kStyle, out + "</ul>\n");
}

}  // namespace lastbyte::check
