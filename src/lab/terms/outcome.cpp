#include "lab/terms/outcome.h"

#include <algorithm>

namespace lastbyte::lab {

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::differs: return "DIFFERS";
    case Verdict::not_observed: return "not observed";
  }
  return "?";
}

std::string_view name_of(Medium medium) {
  switch (medium) {
    case Medium::loopback: return "loopback";
    case Medium::veth: return "veth";
  }
  return "?";
}

std::size_t Outcome::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(rows, verdict, &Row::verdict));
}

std::vector<Row> compare(std::span<const Expectation> table, Medium medium, const std::map<std::string, Seen>& seen) {
  std::vector<Row> rows;
  for (const Expectation& each : table) {
    const bool other = medium == Medium::veth && !each.veth.empty();
    Row row{.name = std::string(each.row),
            .expected = std::string(other ? each.veth : each.expected),
            .seen = "the experiment did not come to it",
            .why = std::string(each.why)};
    const auto found = seen.find(row.name);
    if (found != seen.end() && found->second.value) {
      row.seen = *found->second.value;
      row.verdict = row.seen == row.expected ? Verdict::same : Verdict::differs;
    } else if (found != seen.end()) {
      row.seen = found->second.reason;
    }
    rows.push_back(std::move(row));
  }
  for (const auto& [name, value] : seen) {
    const bool known = std::ranges::any_of(table, [&](const Expectation& each) { return each.row == name; });
    if (!known)
      rows.push_back(
          {.name = name, .expected = "(no such row)", .seen = value.value.value_or(""), .verdict = Verdict::differs});
  }
  return rows;
}

}  // namespace lastbyte::lab
