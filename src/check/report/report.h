// Reports of a grading, for people and for machines. All pure.
#pragma once

#include <string>
#include <vector>

#include "check/grade/grade.h"

namespace lastbyte::check {

/// A line for the table, with what is wrong below it. `evidence`: also what each peer saw, step by step.
std::string table_row(const Outcome& outcome, bool evidence);
/// How many have passed, failed and been skipped, in one line.
std::string table_sums(const Report& report);
/// The sums, and each that has failed once more by name.
std::string table_end(const Report& report);
/// The observations of both peers, for a reader.
std::string evidence_text(const Outcome& outcome);

/// One document for several targets.
std::string json(const std::vector<Report>& reports);
/// As CI systems read it: a testsuite for each target.
std::string junit(const std::vector<Report>& reports);

/// Scenario x target, "no proxy" first. Self-contained pages.
std::string matrix_text(const std::vector<Report>& reports);
/// `picture`: the address of the heat map from there; empty: none.
std::string matrix_markdown(const std::vector<Report>& reports, const std::string& picture = "");
std::string matrix_html(const std::vector<Report>& reports);
/// The heat map alone.
std::string matrix_svg(const std::vector<Report>& reports);

/// `lastbyte check --list`, as text and as docs/check.md.
std::string list_text(const std::vector<const Scenario*>& scenarios);
std::string list_markdown(const std::vector<const Scenario*>& scenarios);

}  // namespace lastbyte::check
