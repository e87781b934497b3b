#include "tests/termination/looking.h"

#include <fmt/format.h>

#include <array>

namespace lastbyte::termination::test {

Violations in_every_transition(const Exploration& exploration,
                               const std::function<Complaint(const Seen&, Which)>& look) {
  Violations found;
  for (const Transition& transition : exploration.transitions()) {
    const Seen seen{exploration, transition, exploration.worlds()[transition.from],
                    exploration.worlds()[transition.to]};
    for (const Which which : kBoth) {
      if (const Complaint complaint = look(seen, which); !complaint.empty())
        found.push_back(fmt::format("{}: {}\n{}", name(which), complaint, exploration.transcript(transition)));
    }
  }
  return found;
}

Violations in_every_world(const Exploration& exploration,
                          const std::function<Complaint(const Machine&, const World&, Which)>& look) {
  Violations found;
  for (std::size_t index = 0; index < exploration.worlds().size(); ++index) {
    for (const Which which : kBoth) {
      const Complaint complaint = look(exploration.machine(), exploration.worlds()[index], which);
      if (!complaint.empty())
        found.push_back(fmt::format("{}: {}\n{}", name(which), complaint, exploration.transcript(index)));
    }
  }
  return found;
}

std::span<const Property> properties() {
  static const std::vector<Property> all = [] {
    std::vector<Property> joined;
    for (const auto table : std::array{delivery_properties(), machine_properties()})
      joined.insert(joined.end(), table.begin(), table.end());
    return joined;
  }();
  return all;
}

}  // namespace lastbyte::termination::test
