#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;

std::string dashed(std::string key) {
  std::replace(key.begin(), key.end(), '.', '-');
  return key;
}

/// `kinds_in` returns the kinds of the endpoint that the setting `key` gives.
template <typename Owner>
void only_for(Setting& setting, std::string key, Kinds (*kinds_in)(const Owner&), Kinds kinds) {
  auto& conditions = std::get<Field<Owner>>(setting.field).conditions;
  // If the setting needs another one, the meaning of that one says it.
  if (conditions.empty() || !conditions.front().only.empty()) {
    setting.meaning += " Applies only if " + key + " is " + words(kinds) + ".";
  }
  // This condition goes first: the endpoint is a better reason than other settings.
  conditions.insert(conditions.begin(), {.needs = std::move(key),
                                         .holds = [=](const Owner& owner) { return (kinds_in(owner) & kinds) != 0; },
                                         .only = words(kinds),
                                         .state = [=](const Owner& owner) { return words(kinds_in(owner)); }});
}

/// All members of a group have one transport; UNIX members may have names of both kinds.
Kinds kinds_of_upstream(const Forwarding& forwarding) {
  const Kinds kind = kind_of(forwarding.connect);
  return !forwarding.group.empty() && (kind & kUnix) != 0 ? kUnix : kind;
}

}  // namespace

void Table::listening(Kinds kinds) {
  only_for<Forwarding>(rows.back(), "listen", [](const Forwarding& it) { return kind_of(it.listen); }, kinds);
}

void Table::connecting(Kinds kinds) {
  if (rows.back().owner() == OwnerKind::member) {
    only_for<upstream::Member>(
        rows.back(), "connect", [](const upstream::Member& it) { return kind_of(it.endpoint); }, kinds);
  } else {
    only_for<Forwarding>(rows.back(), "connect", kinds_of_upstream, kinds);
  }
}

Setting& Table::push(Heading heading, std::string_view key, const std::string& placeholder, const std::string& expects,
                     std::string_view meaning) {
  Setting row;
  row.heading = heading;
  row.key = key;
  row.flag = dashed(row.key);
  row.placeholder = placeholder;
  row.expects = expects;
  row.meaning = meaning;
  return rows.emplace_back(std::move(row));
}

}  // namespace lastbyte::config
