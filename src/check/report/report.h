// Reports of a grading, for people and for programs. All functions are pure.
#pragma once

#include <string>
#include <vector>

#include "check/grade/grade.h"

namespace lastbyte::check {

/// Returns a line of the table, and the faults below it. `evidence`: also lists what each peer observed, step by step.
std::string table_row(const Outcome& outcome, bool evidence);
/// Returns one line with the numbers of passed, failed and skipped scenarios.
std::string table_sums(const Report& report);
/// Returns the sums and the names of the failed scenarios.
std::string table_end(const Report& report);
/// Returns the observations of both peers as readable text.
std::string evidence_text(const Outcome& outcome);

/// Returns one JSON document for several targets.
std::string json(const std::vector<Report>& reports);
/// Returns JUnit XML, as CI systems read it: a testsuite for each target.
std::string junit(const std::vector<Report>& reports);

/// Return the matrix of scenarios and targets, "no proxy" first. The HTML page is self-contained.
std::string matrix_text(const std::vector<Report>& reports);
/// `picture`: the address of the heat map relative to the page; empty: none.
std::string matrix_markdown(const std::vector<Report>& reports, const std::string& picture = "");
std::string matrix_html(const std::vector<Report>& reports);
/// Returns the heat map as SVG.
std::string matrix_svg(const std::vector<Report>& reports);

/// Return `lastbyte check --list` as text and as docs/check.md.
std::string list_text(const std::vector<const Scenario*>& scenarios);
std::string list_markdown(const std::vector<const Scenario*>& scenarios);

}  // namespace lastbyte::check
