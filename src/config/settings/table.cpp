#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;

std::string dashed(std::string key) {
  std::replace(key.begin(), key.end(), '.', '-');
  return key;
}

/// `kinds_in`: of what the setting `key` is.
template <typename Owner>
void only_for(Setting& setting, std::string key, Kinds (*kinds_in)(const Owner&), Kinds kinds) {
  auto& conditions = std::get<Field<Owner>>(setting.field).conditions;
  // A setting that needs another one leaves it to that to tell.
  if (conditions.empty() || !conditions.front().only.empty()) {
    setting.meaning += " Applies only if " + key + " is " + words(kinds) + ".";
  }
  // Ahead of what other settings do to it: the endpoint is the better reason.
  conditions.insert(conditions.begin(), {.needs = std::move(key),
                                         .holds = [=](const Owner& owner) { return (kinds_in(owner) & kinds) != 0; },
                                         .only = words(kinds),
                                         .state = [=](const Owner& owner) { return words(kinds_in(owner)); }});
}

/// Members of a group have one transport, and UNIX members may have names of both kinds.
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
