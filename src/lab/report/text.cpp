#include <algorithm>
#include <array>
#include <cstdio>

#include "lab/report/measured.h"
#include "lab/report/report.h"

namespace lastbyte::lab {
namespace {

constexpr std::size_t kWidth = 100;

/// Breaks lines at spaces.
std::string wrapped(std::string_view text, const std::string& indent) {
  std::string out = indent;
  std::size_t column = indent.size();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column != indent.size() && column + 1 + word.size() > kWidth) {
      out += "\n" + indent;
      column = indent.size();
    } else if (column != indent.size()) {
      out += ' ';
      ++column;
    }
    out.append(word);
    column += word.size();
  }
  return out + "\n";
}

std::string rows_text(const Outcome& outcome) {
  std::size_t width = 0;
  for (const Row& row : outcome.rows) width = std::max(width, row.name.size());
  std::string out;
  for (const Row& row : outcome.rows) {
    std::string name = row.name;
    name.resize(width, ' ');
    out += "  " + name + "  ";
    switch (row.verdict) {
      case Verdict::same: out += row.seen + "\n"; break;
      case Verdict::differs: out += "DIFFERS: " + row.seen + "; expected " + row.expected + "\n"; break;
      case Verdict::not_observed: out += "not observed: " + row.seen + "\n"; break;
    }
  }
  return out;
}

std::string seconds(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", value);
  return text.data();
}

std::string verdict_of(const Outcome& outcome) {
  if (!outcome.trouble.empty()) return "not observed: " + outcome.trouble;
  std::string out =
      std::to_string(outcome.count(Verdict::same)) + " of " + std::to_string(outcome.rows.size()) + " as expected";
  if (const auto differ = outcome.count(Verdict::differs); differ != 0)
    out += ", " + std::to_string(differ) + " DIFFER";
  if (const auto dark = outcome.count(Verdict::not_observed); dark != 0)
    out += ", " + std::to_string(dark) + " not observed";
  return out;
}

}  // namespace

std::string text(const Outcome& outcome, bool verbose) {
  const Experiment& experiment = *outcome.experiment;
  std::string out = std::string(experiment.name) + " over " + std::string(name_of(outcome.medium)) + ": " +
                    std::string(experiment.title) + "\n" + wrapped(experiment.question, "  ") + "\n";
  if (!outcome.not_played.empty()) return out + "  not played: " + outcome.not_played + "\n\n";
  if (!outcome.trouble.empty()) return out + "  not observed: " + outcome.trouble + "\n\n";
  for (std::size_t i = 0; i < outcome.scenes.size() && (verbose || i == 0); ++i)
    out += "  [" + outcome.scenes[i].name + "]\n" + page::ladder(sequence_of(outcome.scenes[i])) + "\n";
  out += rows_text(outcome);
  if (!outcome.measured.empty()) out += "\n  Measured in this run, and not compared:\n";
  for (const Measured& each : outcome.measured) out += "    " + each.name + ": " + each.value + "\n";
  if (outcome.measurement) out += "\n" + measured_text(*outcome.measurement);
  if (verbose) {
    out += "\n  Counters of the kernel:";
    for (const auto& [name, value] : outcome.counters) out += " " + name + " +" + std::to_string(value);
    out += "\n";
  }
  if (!outcome.no_tracepoints.empty())
    out += "\n  Tracepoints of the kernel: not observed: " + outcome.no_tracepoints + "\n";
  if (outcome.packets_lost != 0) out += "  The capture lost " + std::to_string(outcome.packets_lost) + " packets.\n";
  out += "\n" + wrapped("Finding: " + std::string(experiment.finding), "  ") +
         wrapped("Advice: " + std::string(experiment.advice), "  ");
  return out + "  " + verdict_of(outcome) + ", " + seconds(outcome.seconds) + "\n\n";
}

std::string summary(std::span<const Outcome> outcomes) {
  std::size_t same = 0;
  std::size_t differ = 0;
  std::size_t dark = 0;
  for (const Outcome& each : outcomes) {
    same += each.count(Verdict::same);
    differ += each.count(Verdict::differs);
    dark += each.trouble.empty() ? each.count(Verdict::not_observed) : each.experiment->table.size();
  }
  std::string out = std::to_string(same) + " rows as expected, " + std::to_string(differ) + " differ, " +
                    std::to_string(dark) + " not observed\n";
  for (const Outcome& each : outcomes) {
    if (!each.not_played.empty())
      out += "  " + std::string(each.experiment->name) + " over " + std::string(name_of(each.medium)) +
             ": not played: " + each.not_played + "\n";
    for (const Row& row : each.rows)
      if (row.verdict == Verdict::differs)
        out += "  " + std::string(each.experiment->name) + " over " + std::string(name_of(each.medium)) + ": " +
               row.name + ": " + row.seen + "; expected " + row.expected + "\n";
  }
  return out;
}

std::string explanation(const Experiment& experiment) {
  std::string out = std::string(experiment.name) + ": " + std::string(experiment.title) + "\n\n" +
                    wrapped(experiment.question, "  ") + "\n  Expected:\n";
  for (const Expectation& each : experiment.table) {
    out += wrapped(std::string(each.row) + ": " + std::string(each.expected), "    ");
    if (!each.veth.empty()) out += wrapped("over veth: " + std::string(each.veth), "      ");
    if (!each.why.empty()) out += wrapped(each.why, "      ");
  }
  return out + "\n" + wrapped("Finding: " + std::string(experiment.finding), "  ") +
         wrapped("Advice: " + std::string(experiment.advice), "  ") +
         (experiment.no_veth.empty() ? ""
                                     : "\n  It does not run over veth: " + std::string(experiment.no_veth) + ".\n") +
         (experiment.slow ? "\n  It takes a minute or more: run --all includes it only with --slow.\n" : "");
}

std::string list(std::span<const Experiment* const> experiments) {
  std::size_t width = 0;
  for (const Experiment* each : experiments) width = std::max(width, each->name.size());
  std::string out;
  for (const Experiment* each : experiments) {
    std::string name(each->name);
    name.resize(width + 2, ' ');
    out += name + std::string(each->title) + (each->slow ? " (--slow)" : "") + "\n";
  }
  return out;
}

std::string capture_of(const Outcome& outcome, const std::string& kernel) {
  std::vector<wire::Commented> packets;
  for (const Scene& each : outcome.scenes) packets.insert(packets.end(), each.packets.begin(), each.packets.end());
  std::ranges::stable_sort(packets, {}, [](const wire::Commented& each) { return each.packet.at; });
  return wire::pcapng(name_of(outcome.medium),
                      "lastbyte lab run " + std::string(outcome.experiment->name) + ", Linux " + kernel, packets);
}

}  // namespace lastbyte::lab
