#include "config/settings/settings.h"

#include <algorithm>
#include <utility>

#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

std::vector<Setting> make_table() {
  Table table;
  add_process(table);
  add_forwarding(table);
  add_sides(table);
  add_upstreams(table);
  add_groups(table);
  for (Setting& row : table.rows) {
    if (row.required) row.standard.clear();
    if (row.owner() != OwnerKind::forwarding) row.in_defaults = false;
    if (row.owner() == OwnerKind::group || row.owner() == OwnerKind::member) row.flag.clear();
  }
  return std::move(table.rows);
}

}  // namespace

std::string_view title(Heading heading) {
  switch (heading) {
    case Heading::process: return "Process";
    case Heading::log: return "Session records";
    case Heading::doors: return "Metrics and administration";
    case Heading::forwarding: return "Forwarding";
    case Heading::limits: return "Limits";
    case Heading::linger: return "Lingering close";
    case Heading::client: return "Client side";
    case Heading::upstream: return "Upstream side";
    case Heading::names: return "Names";
    case Heading::retry: return "Retries";
    case Heading::group: return "Group";
    case Heading::group_names: return "Names of a group";
    case Heading::check: return "Health checks";
    case Heading::ejection: return "Ejection";
    case Heading::member: return "Member";
  }
  return "?";
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kTable = make_table();
  return kTable;
}

const Setting* find_key(std::string_view key, OwnerKind owner) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) {
    return setting.key == key && setting.owner() == owner;
  });
  return found == settings().end() ? nullptr : &*found;
}

const Setting* find_flag(std::string_view flag) {
  if (flag.empty()) return nullptr;
  const auto found =
      std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) { return setting.flag == flag; });
  return found == settings().end() ? nullptr : &*found;
}

}  // namespace lastbyte::config
