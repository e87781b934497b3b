#include <algorithm>
#include <utility>

#include "config/assembled.h"

namespace lastbyte::config {

namespace {

template <typename Owner>
void apply(const std::vector<Given>& given, Level level, Assembled<Owner>& to, std::vector<Problem>& problems) {
  for (const Given& each : given) {
    const Setting& setting = *each.setting;
    const auto& field = std::get<Field<Owner>>(setting.field);
    if (setting.list) field.reset(to.value);
    to.failed.erase(setting.key);
    for (const Text& text : each.values) {
      const auto wrong = field.read(to.value, text.text);
      if (!wrong) continue;
      problems.push_back(problem_with(setting, text.where, text.text, *wrong));
      to.failed.insert(setting.key);
    }
    to.placed[setting.key] = {.level = level, .where = each.where, .values = each.values};
  }
}

/// Values that have no effect: an error where they were given knowing better, their default where they were inherited.
template <typename Owner>
void settle(Assembled<Owner>& owner, std::vector<Problem>& problems) {
  for (const Setting& setting : settings()) {
    const auto* field = std::get_if<Field<Owner>>(&setting.field);
    if (field == nullptr || !field->applies || field->applies(owner.value)) continue;
    if (!owner.good(setting.needs)) continue;
    const Level level = owner.level(setting.key);
    if (level != Level::builtin && level >= owner.level(setting.needs)) {
      const Placed& placed = owner.placed[setting.key];
      const Setting& master = *find_key(setting.needs, setting.of_forwarding());
      const std::string state = std::get<Field<Owner>>(master.field).print(owner.value).front();
      problems.push_back(problem_with(setting, placed.where, placed.values.front().text,
                                      "has no effect while " + master.key + " is " + state + "; leave it out"));
    }
    field->reset(owner.value);
    owner.placed.erase(setting.key);
  }
}

void require(const Assembled<relay::Forwarding>& forwarding, std::vector<Problem>& problems) {
  for (const Setting& setting : settings()) {
    if (!setting.required || forwarding.placed.contains(setting.key)) continue;
    Origin where = forwarding.where;
    if (where.source.empty()) where.source = "--" + setting.flag;
    problems.push_back({where, about(setting, where) + "missing; expected " + setting.expects});
  }
}

Assembled<relay::Forwarding> assemble_forwarding(const Block& block, Assembled<relay::Forwarding> defaults,
                                                 std::vector<Problem>& problems) {
  Assembled<relay::Forwarding> forwarding = std::move(defaults);
  forwarding.where = block.where;
  apply(block.given, Level::own, forwarding, problems);
  require(forwarding, problems);
  settle(forwarding, problems);
  if (forwarding.value.name.empty()) forwarding.value.name = forwarding.value.listen.text();
  return forwarding;
}

/// The order of the file; what has no line comes last. What every forwarding inherits wrong is told once.
void put_in_order(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    const auto place = [](const Problem& problem) {
      return std::make_tuple(problem.where.line == 0, problem.where.line, problem.where.column);
    };
    return place(a) < place(b);
  });
  std::vector<Problem> once;
  for (Problem& problem : problems) {
    if (std::find(once.begin(), once.end(), problem) == once.end()) once.push_back(std::move(problem));
  }
  problems = std::move(once);
}

}  // namespace

Problem problem_with(const Setting& setting, const Origin& where, std::string_view text, const std::string& what) {
  return {where, about(setting, where) + quoted(text) + ": " + what};
}

Loaded assemble(Draft draft) {
  std::vector<Problem> problems = std::move(draft.problems);
  const bool readable = problems.empty();
  AssembledConfig all;
  all.process.where = draft.process.where;
  apply(draft.process.given, Level::outer, all.process, problems);
  apply(draft.overrides, Level::own, all.process, problems);
  settle(all.process, problems);

  Assembled<relay::Forwarding> defaults;
  apply(draft.defaults.given, Level::outer, defaults, problems);
  for (const Block& block : draft.forwardings) {
    all.forwardings.push_back(assemble_forwarding(block, defaults, problems));
  }
  if (draft.forwardings.empty() && readable) {
    problems.push_back({draft.process.where, "forwardings: missing; expected at least one forwarding"});
  }
  check_combinations(all, problems);
  check_listeners(all, problems);

  put_in_order(problems);
  if (!problems.empty()) return {.config = std::nullopt, .problems = std::move(problems)};
  Config config = std::move(all.process.value);
  for (auto& forwarding : all.forwardings) config.forwardings.push_back(std::move(forwarding.value));
  return {.config = std::move(config), .problems = {}};
}

}  // namespace lastbyte::config
