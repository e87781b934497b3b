#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "config/assemble/assembled.h"
#include "config/read/suggest.h"
#include "config/values/codec.h"

namespace lastbyte::config {

namespace {

template <typename Owner>
void apply(const std::vector<Given>& given, Level level, Assembled<Owner>& to, std::vector<Problem>& problems) {
  // Follow the table's order: settings that others need come first.
  std::vector<const Given*> in_order;
  for (const Given& each : given) in_order.push_back(&each);
  std::ranges::stable_sort(in_order, {}, &Given::setting);
  for (const Given* next : in_order) {
    const Given& each = *next;
    const Setting& setting = *each.setting;
    const auto& field = std::get<Field<Owner>>(setting.field);
    std::vector<std::string_view> texts;
    for (const Text& text : each.values) texts.push_back(text.text);
    to.failed.erase(setting.key);
    for (const Misread& misread : field.read(to.value, texts)) {
      const Text& text = each.values[misread.index];
      problems.push_back(problem_with(setting, text.where, text.text, misread.what));
      to.failed.insert(setting.key);
    }
    to.placed[setting.key] = {
        .level = level, .where = each.where, .values = std::make_shared<const std::vector<Text>>(each.values)};
  }
}

/// Whether the value of the setting is known: it was read without an error, and was given if it is required.
template <typename Owner>
bool decided(const Assembled<Owner>& owner, const Setting& setting) {
  return owner.good(setting.key) && (!setting.required || owner.placed.contains(setting.key));
}

/// "has no effect while listen is udp, only while it is tcp or unix; leave it out"
template <typename Owner>
std::string without_effect(const Owner& owner, const Condition<Owner>& condition, const Setting& master) {
  const std::string state = condition.state ? condition.state(owner) : print(owner, master);
  const std::string only = condition.only.empty() ? "" : ", only while it is " + condition.only;
  return "has no effect while " + master.key + " is " + state + only + "; leave it out";
}

/// Returns the first condition that is known to be false, so that the setting has no effect; nullptr: there is none.
template <typename Owner>
const Condition<Owner>* unmet(const Assembled<Owner>& owner, const std::vector<Condition<Owner>>& conditions) {
  for (const Condition<Owner>& condition : conditions) {
    const Setting& master = setting_of<Owner>(condition.needs);
    if (!condition.holds(owner.value) && decided(owner, master)) return &condition;
  }
  return nullptr;
}

/// Resets a setting without effect to its default. Reports a problem if it was given at the same level as the setting
/// that takes its effect away, or nearer.
template <typename Owner>
void take_back(Assembled<Owner>& owner, const Setting& setting, const Condition<Owner>& condition,
               std::vector<Problem>& problems) {
  const Setting& master = setting_of<Owner>(condition.needs);
  Placed& placed = owner.placed[setting.key];
  if (placed.level >= owner.level(master.key) && owner.good(setting.key)) {
    const bool empty = placed.values == nullptr || placed.values->empty();
    const std::string text = empty ? setting.standard : placed.values->front().text;
    problems.push_back(problem_with(setting, placed.where, text, without_effect(owner.value, condition, master)));
    owner.failed.insert(setting.key);  // settings that depend on it are not reported as well
  }
  std::get<Field<Owner>>(setting.field).copy(owner.value, Owner{});
  // The other setting has decided the value, so this one takes its place.
  placed = {.level = owner.level(master.key), .where = owner.origin(master.key)};
}

/// Resets all settings that have no effect; see take_back(). A setting that returns to its default may leave others
/// without effect, so this repeats until nothing changes.
template <typename Owner>
void reset_ineffective(Assembled<Owner>& owner, std::vector<Problem>& problems) {
  std::set<const Setting*> reset;
  for (bool changed = true; changed;) {
    changed = false;
    for (const Setting& setting : settings()) {
      const auto* field = std::get_if<Field<Owner>>(&setting.field);
      if (field == nullptr || !owner.placed.contains(setting.key) || reset.contains(&setting)) continue;
      const Condition<Owner>* condition = unmet(owner, field->conditions);
      if (condition == nullptr) continue;
      take_back(owner, setting, *condition, problems);
      reset.insert(&setting);
      changed = true;
    }
  }
}

template <typename Owner>
void require(const Assembled<Owner>& owner, const Block& block, std::vector<Problem>& problems) {
  for (const Setting& setting : settings()) {
    if (!setting.required || setting.owner() != kOwner<Owner> || owner.placed.contains(setting.key)) continue;
    if (std::ranges::find(block.misread, &setting) != block.misread.end()) continue;
    Origin where = owner.where;
    if (where.source.empty()) where.source = "--" + setting.flag;
    problems.push_back({where, about(setting, where) + "missing; expected " + setting.expects});
  }
}

/// Splits a path through the root directory of a process into that root (client.root, upstream.root) and the path
/// inside it. Otherwise a process inside could redirect the path anywhere by a symbolic link.
template <typename Options>
void take_root(Assembled<relay::Forwarding>& forwarding, const std::string& end, net::Endpoint& endpoint,
               const std::string& key, Options& options, std::vector<Problem>& problems) {
  auto split = endpoint.is_path() ? net::through_process(endpoint.path) : std::nullopt;
  if (!split || !forwarding.placed.contains(end) || !forwarding.good(end)) return;
  if (!options.root.own()) {
    problems.push_back(problem_with(forwarding, key,
                                    end + " already leads through the root directory of a process, " +
                                        in_quotes(endpoint.path) + "; expected one of the two"));
    return;
  }
  endpoint.path = std::move(split->path);
  options.root = std::move(split->root);
}

/// Gives a forwarding that names a group the transport of the group, which other settings depend on.
void join_group(Assembled<relay::Forwarding>& forwarding, const AssembledConfig& all, std::vector<Problem>& problems) {
  relay::Forwarding& value = forwarding.value;
  if (value.group.empty() || !forwarding.good("connect")) return;
  if (const AssembledGroup* group = find_group(all, value.group)) {
    if (!group->members.empty()) value.connect.transport = group->members.front().value.endpoint.transport;
    return;
  }
  std::vector<std::string> names;
  for (const AssembledGroup& each : all.groups) names.push_back(each.group.value.name);
  const auto near = nearest(value.group, names);
  problems.push_back(problem_with(
      forwarding, "connect",
      "there is no group of this name" + (near            ? "; did you mean 'group:" + *near + "'?"
                                          : names.empty() ? std::string("; expected groups: at the top of the file")
                                                          : "; expected group: and one of " + either(names))));
  forwarding.failed.insert("connect");
}

Assembled<relay::Forwarding> assemble_forwarding(const Block& block, Assembled<relay::Forwarding> defaults,
                                                 const AssembledConfig& all, std::vector<Problem>& problems) {
  Assembled<relay::Forwarding> forwarding = std::move(defaults);
  forwarding.where = block.where;
  apply(block.given, Level::own, forwarding, problems);
  require(forwarding, block, problems);
  join_group(forwarding, all, problems);
  reset_ineffective(forwarding, problems);
  relay::Forwarding& value = forwarding.value;
  if (value.name.empty()) value.name = value.listen.text();
  if (value.retry && !value.retry->is_on()) value.retry.reset();
  take_root(forwarding, "listen", value.listen, "client.root", value.client, problems);
  take_root(forwarding, "connect", value.connect, "upstream.root", value.upstream, problems);
  return forwarding;
}

template <typename Owner>
Assembled<Owner> assemble_block(const Block& block, std::vector<Problem>& problems) {
  Assembled<Owner> owner;
  owner.where = block.where;
  apply(block.given, Level::own, owner, problems);
  require(owner, block, problems);
  reset_ineffective(owner, problems);
  return owner;
}

AssembledGroup assemble_group(const Block& block, bool readable, std::vector<Problem>& problems) {
  AssembledGroup group{.group = assemble_block<upstream::Group>(block, problems), .members = {}};
  group.group.value.name = block.name;
  for (const Block* member : block.all(kMembers)) {
    group.members.push_back(assemble_block<upstream::Member>(*member, problems));
    group.group.value.members.push_back(group.members.back().value);
  }
  if (group.members.empty() && readable)
    problems.push_back({block.where, "groups." + block.name + ".members: missing; expected at least one member"});
  return group;
}

/// Sorts problems by line; those without a line come last. Reports a wrong value that all forwardings inherit once.
void put_in_order(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    const auto place = [](const Problem& problem) {
      return std::make_tuple(problem.where.line == 0, problem.where.line, problem.where.column);
    };
    return place(a) < place(b);
  });
  std::unordered_set<std::string> told;
  std::erase_if(problems, [&](const Problem& problem) { return !told.insert(problem.text()).second; });
}

/// Settings that name something outside the configuration, which may not exist at run time.
constexpr std::array<std::string_view, 13> kOutside{
    "client.root",          "upstream.root",  "listen",        "connect",          "client.netns",
    "client.interface",     "upstream.netns", "upstream.mark", "upstream.sources", "upstream.interface",
    "upstream.transparent", "log.target",     "log.messages"};

std::vector<Origin> origins_of(const std::vector<Text>& texts) {
  std::vector<Origin> origins;
  for (const Text& text : texts) origins.push_back(text.where);
  return origins;
}

/// `name`: of the forwarding; empty: it is the process.
template <typename Owner>
void note_places(const Assembled<Owner>& owner, const std::string& name, Places& places) {
  for (const std::string_view key : kOutside) {
    const auto placed = owner.placed.find(key);
    if (placed == owner.placed.end() || placed->second.values == nullptr) continue;
    places.add(name, std::string(key), origins_of(*placed->second.values));
  }
}

void note_places(const AssembledGroup& group, Places& places) {
  std::vector<Origin> members;
  for (const auto& member : group.members) members.push_back(member.origin("connect"));
  places.add_members(group.group.value.name, std::move(members));
}

}  // namespace

Problem problem_with(const Setting& setting, const Origin& where, std::string_view text, const std::string& what) {
  return {where, about(setting, where) + in_quotes(text) + ": " + what};
}

const AssembledGroup* find_group(const AssembledConfig& all, std::string_view name) {
  const auto found =
      std::ranges::find_if(all.groups, [&](const AssembledGroup& each) { return each.group.value.name == name; });
  return found == all.groups.end() ? nullptr : &*found;
}

Loaded assemble(Draft draft) {
  std::vector<Problem> problems = std::move(draft.problems);
  const bool readable = problems.empty();
  AssembledConfig all;
  all.process.where = draft.process.where;
  apply(draft.process.given, Level::outer, all.process, problems);
  apply(draft.overrides, Level::own, all.process, problems);
  reset_ineffective(all.process, problems);

  for (const Block* block : draft.process.all(kGroups))
    all.groups.push_back(assemble_group(*block, readable, problems));
  Assembled<relay::Forwarding> defaults;
  std::vector<const Setting*> misread;
  for (const Block* block : draft.process.all(kDefaults)) {
    apply(block->given, Level::outer, defaults, problems);
    misread = block->misread;
  }
  for (Block& block : draft.process.blocks) {
    if (block.kind != &kForwardings) continue;
    std::ranges::copy(misread, std::back_inserter(block.misread));
    all.forwardings.push_back(assemble_forwarding(block, defaults, all, problems));
  }
  if (all.forwardings.empty() && readable) {
    problems.push_back({draft.process.where, "forwardings: missing; expected at least one forwarding"});
  }
  check_groups(all, problems);
  check_combinations(all, problems);
  check_listeners(all, problems);

  put_in_order(problems);
  if (!problems.empty()) return {.config = std::nullopt, .problems = std::move(problems)};
  std::vector<Problem> warnings;
  warn_of_combinations(all, warnings);
  put_in_order(warnings);
  Config config = std::move(all.process.value);
  Places places;
  note_places(all.process, {}, places);
  for (AssembledGroup& group : all.groups) {
    note_places(group, places);
    config.groups.push_back(std::move(group.group.value));
  }
  for (auto& forwarding : all.forwardings) {
    note_places(forwarding, forwarding.value.name, places);
    config.forwardings.push_back(std::move(forwarding.value));
  }
  return {.config = std::move(config), .problems = {}, .warnings = std::move(warnings), .places = std::move(places)};
}

}  // namespace lastbyte::config
