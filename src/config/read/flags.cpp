// Reads flags into a Draft.
#include "base/text.h"
#include "config/read/draft.h"
#include "config/values/codec.h"

namespace lastbyte::config {

namespace {

Origin origin_of(const Flag& flag) { return {"--" + flag.name, 0, 0}; }

std::vector<Text> split_at_commas(const Flag& flag) {
  std::vector<Text> texts;
  std::size_t begin = 0;
  while (begin <= flag.value.size()) {
    const std::size_t end = std::min(flag.value.find(',', begin), flag.value.size());
    texts.push_back({flag.value.substr(begin, end - begin), origin_of(flag)});
    begin = end + 1;
  }
  return texts;
}

/// Adds the flag to `given`: a list grows, and a second value of a single setting is a problem.
void add(const Setting& setting, const Flag& flag, std::vector<Given>& given, std::vector<Problem>& problems) {
  Given* earlier = nullptr;
  for (Given& each : given) {
    if (each.setting == &setting) earlier = &each;
  }
  if (earlier != nullptr && !setting.list) {
    problems.push_back({origin_of(flag), "given twice, as " + in_quotes(earlier->values.front().text) + " and " +
                                             in_quotes(flag.value) + "; expected once"});
    return;
  }
  if (earlier == nullptr) {
    given.push_back({.setting = &setting, .values = {}, .where = origin_of(flag)});
    earlier = &given.back();
  }
  if (!setting.list) {
    earlier->values.push_back({flag.value, origin_of(flag)});
  } else if (flag.value != kNoneWord) {
    for (Text& text : split_at_commas(flag)) earlier->values.push_back(std::move(text));
  }
}

void report_unknown(const Flag& flag, std::vector<Problem>& problems) {
  problems.push_back({origin_of(flag), "unknown flag"});
}

}  // namespace

Draft read_flags(const std::vector<Flag>& flags) {
  Draft draft;
  Block forwarding{.kind = &kForwardings};
  for (const Flag& flag : flags) {
    const Setting* setting = find_flag(flag.name);
    if (setting == nullptr) {
      report_unknown(flag, draft.problems);
      continue;
    }
    add(*setting, flag, setting->owner() == OwnerKind::forwarding ? forwarding.given : draft.overrides, draft.problems);
  }
  draft.process.blocks.push_back(std::move(forwarding));
  return draft;
}

void add_overrides(Draft& draft, const std::vector<Flag>& flags) {
  for (const Flag& flag : flags) {
    const Setting* setting = find_flag(flag.name);
    if (setting == nullptr) {
      report_unknown(flag, draft.problems);
    } else if (setting->owner() != OwnerKind::process) {
      draft.problems.push_back({origin_of(flag), "sets a forwarding, and the forwardings come from " + draft.source +
                                                     "; set '" + setting->key + "' there"});
    } else {
      add(*setting, flag, draft.overrides, draft.problems);
    }
  }
}

}  // namespace lastbyte::config
