#include <algorithm>

#include "check/scenarios/scenario.h"

namespace lastbyte::check {

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> joined;
    for (const auto table : {half_close_scenarios(), connecting_scenarios(), reset_scenarios(), refusal_scenarios(),
                             load_scenarios(), lossy_scenarios()})
      joined.insert(joined.end(), table.begin(), table.end());
    return joined;
  }();
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
  return found == scenarios().end() ? nullptr : &*found;
}

}  // namespace lastbyte::check
