// Variants of a scenario, as data: TCP, UNIX sockets, and PROXY protocol headers before the data.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "launchers/form.h"

namespace lastbyte::check {

struct Scenario;

struct Variant {
  std::string_view name;
  std::string_view title;
  launchers::Way way = {};
};

/// Returns all variants. The first is plain TCP on both sides.
std::span<const Variant> variants();
const Variant& tcp_variant();
/// Returns nullptr if no variant has that name.
const Variant* find_variant(std::string_view name);
/// Returns the names, separated by commas.
std::string variant_names();

/// Returns whether the scenario has a meaning in the variant: UNIX sockets have no RST, no TIME_WAIT and no SYN.
bool has_meaning(const Scenario& scenario, const Variant& variant);

/// Returns the name in reports: "half-close-client", "half-close-client@unix".
std::string label(const Scenario& scenario, const Variant& variant);

}  // namespace lastbyte::check
