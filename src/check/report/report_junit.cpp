#include <cstdio>

#include "check/report/report.h"

namespace lastbyte::check {
namespace {

/// Escapes text for XML text and attributes. Control characters become '?', because XML 1.0 cannot represent them.
std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\n':
      case '\t': out += c; break;
      default:
        // A proxy's output may contain bytes beyond ASCII that are invalid UTF-8.
        out += c >= ' ' && c != 0x7f ? c : '?';
    }
  }
  return out;
}

std::string seconds(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string testcase(const Report& report, const Outcome& outcome) {
  const Scenario& scenario = *outcome.scenario;
  std::string out = "    <testcase classname=\"" + xml_escaped(report.target) + "." + std::string(scenario.clause) +
                    "\" name=\"" + label(scenario, *outcome.variant) + "\" time=\"" + seconds(outcome.seconds) + "\"";
  switch (outcome.verdict) {
    case Verdict::pass: return out + "/>\n";
    case Verdict::skip: return out + "><skipped message=\"" + xml_escaped(outcome.reason) + "\"/></testcase>\n";
    case Verdict::fail: break;
  }
  out += ">\n      <failure message=\"" + xml_escaped(outcome.reason) + "\">" + std::to_string(outcome.passed) +
         " of " + std::to_string(outcome.rounds) + " rounds passed\n";
  for (const std::string& each : outcome.complaints) out += xml_escaped(each) + "\n";
  return out + xml_escaped(evidence_text(outcome)) + "</failure>\n    </testcase>\n";
}

}  // namespace

std::string junit(const std::vector<Report>& reports) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lastbyte check\">\n";
  for (const Report& report : reports) {
    out += "  <testsuite name=\"" + xml_escaped(report.target) + "\" tests=\"" +
           std::to_string(report.outcomes.size()) + "\" failures=\"" + std::to_string(report.count(Verdict::fail)) +
           "\" errors=\"0\" skipped=\"" + std::to_string(report.count(Verdict::skip)) + "\" time=\"" +
           seconds(report.seconds) + "\" timestamp=\"" + report.when + "\">\n";
    for (const Outcome& each : report.outcomes) out += testcase(report, each);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace lastbyte::check
