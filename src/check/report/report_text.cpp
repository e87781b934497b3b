#include <string.h>

#include <algorithm>
#include <cstdio>

#include "check/report/report.h"

namespace lastbyte::check {
namespace {

constexpr std::size_t kNameWidth = 49;
constexpr std::size_t kListWidth = 36;
/// The number of complaints shown; a scenario may have hundreds.
constexpr std::size_t kComplaintsShown = 3;
/// The number of sessions shown; a scenario may have hundreds. worst_first() has put the first failed one at the front.
constexpr std::size_t kPeersShown = 1;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%6.2f s", seconds);
  return text;
}

std::string verdict_text(const Outcome& outcome) {
  switch (outcome.verdict) {
    case Verdict::pass: return "pass";
    case Verdict::fail: return "FAIL";
    case Verdict::skip: return "skip";
  }
  return "?";
}

std::string rounds_text(const Outcome& outcome) {
  if (outcome.rounds <= 1) return "";
  return std::to_string(outcome.passed) + " of " + std::to_string(outcome.rounds);
}

std::string indented(const std::string& text, const std::string& by) {
  std::string out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += by + text.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string peers_text(const char* who, const std::vector<Observed>& all) {
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kPeersShown); ++i) out += std::string(who) + " " + all[i].text();
  if (all.size() > kPeersShown) out += "and " + std::to_string(all.size() - kPeersShown) + " more\n";
  return out;
}

}  // namespace

std::string evidence_text(const Outcome& outcome) {
  const RoundResult& result = outcome.result;
  std::string out = peers_text("client", result.clients) + peers_text("server", result.servers);
  if (result.most_kib != 0 && result.before)
    out += "proxy: resident " + std::to_string(result.before->resident_kib) + " KiB before, " +
           std::to_string(result.most_kib) + " KiB at its peak\n";
  if (result.before && result.after)
    out += "proxy: " + std::to_string(result.before->sockets) + " sockets before, " +
           std::to_string(result.after->sockets) + " after\n";
  if (outcome.scenario->stops && outcome.stop_signal != 0)
    out += std::string("proxy: asked to stop by SIG") + ::sigabbrev_np(outcome.stop_signal) + "\n";
  if (result.exit_status) out += "proxy: ended with status " + std::to_string(*result.exit_status) + "\n";
  if (!result.output.empty()) out += "proxy wrote:\n" + indented(result.output, "  ");
  return out;
}

std::string table_row(const Outcome& outcome, bool evidence) {
  const Scenario& scenario = *outcome.scenario;
  const std::string name =
      outcome.unspoken ? "*@" + std::string(outcome.variant->name) : label(scenario, *outcome.variant);
  std::string out = padded(outcome.unspoken ? "" : std::string(scenario.clause), 5) + padded(name, kNameWidth) + " " +
                    verdict_text(outcome) + "  " + padded(rounds_text(outcome), 10);
  if (outcome.verdict == Verdict::skip) return out + outcome.reason + "\n";
  out += seconds_text(outcome.seconds);
  const Reference& reference = outcome.reference;
  if (reference.measured && !reference.held) out += "   plain TCP fails: " + reference.reason;
  out += "\n";
  if (outcome.verdict == Verdict::fail) {
    out += "       " + std::string(scenario.title) + "\n";
    if (outcome.complaints.empty()) out += indented(outcome.reason, "       ");
    const std::size_t shown = std::min(outcome.complaints.size(), kComplaintsShown);
    for (std::size_t i = 0; i < shown; ++i) out += "       - " + outcome.complaints[i] + "\n";
    if (outcome.complaints.size() > shown)
      out += "       and " + std::to_string(outcome.complaints.size() - shown) + " more\n";
    out += "       " + std::string(scenario.notice) + "\n";
  }
  if (evidence) out += indented(evidence_text(outcome), "         ");
  return out;
}

std::string table_sums(const Report& report) {
  char time[32];
  std::snprintf(time, sizeof time, "%.0f s", report.seconds);
  return report.target + ": " + std::to_string(report.count(Verdict::pass)) + " passed, " +
         std::to_string(report.count(Verdict::fail)) + " failed, " + std::to_string(report.count(Verdict::skip)) +
         " skipped, in " + time + "\n";
}

std::string table_end(const Report& report) {
  std::string out = table_sums(report);
  if (report.count(Verdict::fail) > 0) out += "failed:\n";
  for (const Outcome& each : report.outcomes) {
    if (each.verdict != Verdict::fail) continue;
    out += "  " + label(*each.scenario, *each.variant);
    if (each.rounds > 1) out += " (" + rounds_text(each) + " rounds passed)";
    out += ": " + each.reason + "\n";
  }
  return out;
}

std::string list_text(const std::vector<const Scenario*>& scenarios) {
  std::string out;
  for (const Scenario* each : scenarios) {
    const char* mark = each->slow ? " (--slow)" : each->place == Place::far_away ? " (--lossy)" : "";
    out += padded(std::string(each->clause), 5) + padded(std::string(each->name), kListWidth) +
           std::string(each->title) + mark + "\n";
  }
  return out;
}

}  // namespace lastbyte::check
