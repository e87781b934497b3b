// Findings as text and as JSON. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "doctor/rules/facts.h"
#include "doctor/rules/rules.h"

namespace lastbyte::doctor {

inline constexpr std::size_t kPageWidth = 80;

/// Lines have at most kPageWidth characters, except commands and long addresses.
std::string as_text(const Facts& facts, const std::vector<Finding>& findings);
std::string as_json(const Facts& facts, const std::vector<Finding>& findings);
/// Explains what a rule looks for, and why.
std::string explanation(const Rule& rule);

}  // namespace lastbyte::doctor
