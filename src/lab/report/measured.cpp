#include "lab/report/measured.h"

#include <algorithm>
#include <vector>

#include "page/html.h"
#include "page/intervals.h"

namespace lastbyte::lab {
namespace {

using page::escaped;
using page::percent;

/// The published claim about what resilience achieves.
constexpr double kClaimedBefore = 0.032;
constexpr double kClaimedAfter = 0.0005;

std::string count_text(const Tally& tally) { return std::to_string(tally.bad) + "/" + std::to_string(tally.of); }

std::string share_text(const Series& series) {
  if (!series.trouble.empty()) return "not observed: " + series.trouble;
  const Tally all = series.all();
  const Interval within = all.interval();
  return count_text(all) + " = " + percent(all.share()) + ", 95 % interval " + percent(within.low) + " to " +
         percent(within.high);
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

/// Returns "40/40 a reset" for each kind that ended badly.
std::vector<std::string> remaining(const Measurement& measurement, const Series& series) {
  std::vector<std::string> lines;
  for (std::size_t kind = 0; kind < series.by_kind.size(); ++kind) {
    const Tally& tally = series.by_kind[kind];
    if (tally.bad == 0) continue;
    std::string line = measurement.kinds[kind].name + " " + count_text(tally) + " (";
    bool first = true;
    for (const auto& [way, count] : tally.ways) {
      line += (first ? "" : ", ") + way + (tally.ways.size() == 1 ? "" : " " + std::to_string(count));
      first = false;
    }
    lines.push_back(line + "): " + measurement.kinds[kind].why);
  }
  return lines;
}

}  // namespace

std::string measured_text(const Measurement& measurement) {
  std::size_t width = 0;
  for (const Series& each : measurement.series) width = std::max(width, each.name.size());
  std::string out = "  " + measurement.title + ":\n";
  for (const Series& each : measurement.series)
    out += "    " + padded(each.name, width) + "  " + share_text(each) + "\n";
  out += "\n  What ended badly, how the client saw it, and why:\n";
  for (const Series& each : measurement.series) {
    if (!each.trouble.empty()) continue;
    out += "    " + each.name + "\n";
    const auto lines = remaining(measurement, each);
    for (const std::string& line : lines) out += "      " + line + "\n";
    if (lines.empty()) out += "      nothing\n";
  }
  return out + "\n  Again: " + measurement.again + "\n";
}

std::string measured_html(const Measurement& measurement) {
  std::vector<page::Interval> rows;
  std::string out = "<h3>" + escaped(measurement.title) + "</h3>\n";
  std::string table = "<div class=\"scroll\"><table><thead><tr><th></th>";
  for (const Kind& each : measurement.kinds) table += "<th>" + escaped(each.name) + "</th>";
  table += "</tr></thead><tbody>\n";
  std::string reasons;
  for (const Series& each : measurement.series) {
    if (!each.trouble.empty()) {
      out += "<p>" + escaped(each.name) + ": not observed: " + escaped(each.trouble) + "</p>\n";
      continue;
    }
    const Tally all = each.all();
    rows.push_back({each.name, all.share(), all.interval().low, all.interval().high});
    table += "<tr><th>" + escaped(each.name) + "</th>";
    for (const Tally& tally : each.by_kind)
      table += "<td style=\"background:" + page::colour(tally.of == 0 ? -1 : 1 - tally.share()) + "\">" +
               count_text(tally) + "</td>";
    table += "</tr>\n";
    reasons += "<h4>" + escaped(each.name) + "</h4>\n<ul>";
    for (const std::string& line : remaining(measurement, each)) reasons += "<li>" + escaped(line) + "</li>\n";
    reasons += "</ul>\n";
  }
  const std::vector<page::Guide> guides{{kClaimedBefore, "claimed before: " + percent(kClaimedBefore)},
                                        {kClaimedAfter, "claimed after: " + percent(kClaimedAfter)}};
  return out + page::svg(rows, guides) + table + "</tbody></table></div>\n<p>Again: <code>" +
         escaped(measurement.again) + "</code></p>\n<details><summary>What ended badly, and why</summary>\n" + reasons +
         "</details>\n";
}

std::string measured_markdown(const Measurement& measurement) {
  std::string out = "\n" + measurement.title + " (`" + measurement.again + "`):\n\n| | bad | share | 95 % interval |";
  for (const Kind& each : measurement.kinds) out += " " + each.name + " |";
  out += "\n|---|---:|---:|---|";
  for (std::size_t i = 0; i < measurement.kinds.size(); ++i) out += "---:|";
  out += "\n";
  for (const Series& each : measurement.series) {
    if (!each.trouble.empty()) {
      out += "| " + each.name + " | not observed: " + escaped(each.trouble) + " |\n";
      continue;
    }
    const Tally all = each.all();
    const Interval within = all.interval();
    out += "| " + each.name + " | " + count_text(all) + " | " + percent(all.share()) + " | " + percent(within.low) +
           " to " + percent(within.high) + " |";
    for (const Tally& tally : each.by_kind) out += " " + count_text(tally) + " |";
    out += "\n";
  }
  out += "\n";
  for (const Kind& each : measurement.kinds)
    if (&each != &measurement.kinds.front()) out += "- *" + each.name + "*: " + each.why + ".\n";
  return out;
}

}  // namespace lastbyte::lab
