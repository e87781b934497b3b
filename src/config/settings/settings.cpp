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
  for (Setting& row : table.rows) {
    if (row.required) row.standard.clear();
    if (!row.of_forwarding()) row.in_defaults = false;
  }
  return std::move(table.rows);
}

}  // namespace

std::string_view title(Group group) {
  switch (group) {
    case Group::forwarding: return "Forwarding";
    case Group::limits: return "Limits";
    case Group::linger: return "Lingering close";
    case Group::client: return "Client side";
    case Group::upstream: return "Upstream side";
    case Group::process: return "Process";
    case Group::log: return "Session records";
  }
  return "?";
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kTable = make_table();
  return kTable;
}

const Setting* find_key(std::string_view key, bool of_forwarding) {
  const auto found = std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) {
    return setting.key == key && setting.of_forwarding() == of_forwarding;
  });
  return found == settings().end() ? nullptr : &*found;
}

const Setting* find_flag(std::string_view flag) {
  const auto found =
      std::find_if(settings().begin(), settings().end(), [&](const Setting& setting) { return setting.flag == flag; });
  return found == settings().end() ? nullptr : &*found;
}

}  // namespace lastbyte::config
