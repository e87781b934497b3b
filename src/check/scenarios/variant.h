// Over what a scenario is played: TCP, UNIX sockets, and with PROXY protocol headers ahead of the data. As data.
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

/// All; the first is plain TCP on both sides.
std::span<const Variant> variants();
const Variant& tcp_variant();
/// nullptr: there is none of that name.
const Variant* find_variant(std::string_view name);
/// With commas.
std::string variant_names();

/// Whether the scenario has a meaning in the variant: over UNIX sockets there is no RST to send, no TIME_WAIT and no
/// SYN.
bool has_meaning(const Scenario& scenario, const Variant& variant);

/// "half-close-client", "half-close-client@unix".
std::string label(const Scenario& scenario, const Variant& variant);

}  // namespace lastbyte::check
