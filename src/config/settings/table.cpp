#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;

std::string dashed(std::string key) {
  std::replace(key.begin(), key.end(), '.', '-');
  return key;
}

void only_for(Setting& setting, std::string key, net::Endpoint Forwarding::* endpoint, Kinds kinds) {
  auto& conditions = std::get<Field<Forwarding>>(setting.field).conditions;
  // A setting that needs another one leaves it to that to tell.
  if (conditions.empty() || !conditions.front().only.empty()) {
    setting.meaning += " Applies only if " + key + " is " + words(kinds) + ".";
  }
  // Ahead of what other settings do to it: the endpoint is the better reason.
  conditions.insert(
      conditions.begin(),
      {.needs = std::move(key),
       .holds = [=](const Forwarding& forwarding) { return (kind_of(forwarding.*endpoint) & kinds) != 0; },
       .only = words(kinds),
       .state = [=](const Forwarding& forwarding) { return words(kind_of(forwarding.*endpoint)); }});
}

}  // namespace

void Table::listening(Kinds kinds) { only_for(rows.back(), "listen", &Forwarding::listen, kinds); }

void Table::connecting(Kinds kinds) { only_for(rows.back(), "connect", &Forwarding::connect, kinds); }

Setting& Table::push(Group group, std::string_view key, const std::string& placeholder, const std::string& expects,
                     std::string_view meaning) {
  Setting row;
  row.group = group;
  row.key = key;
  row.flag = dashed(row.key);
  row.placeholder = placeholder;
  row.expects = expects;
  row.meaning = meaning;
  return rows.emplace_back(std::move(row));
}

}  // namespace lastbyte::config
