#include "observe/record/shortened.h"

#include <memory>

#include "relay/terms/ending.h"

namespace lastbyte::observe {

relay::Record shortened(const relay::Record& record) {
  relay::Record shorter = record;
  if (record.tries && record.tries->all.size() > 1) {
    relay::Tries last{.group = record.tries->group, .all = {record.tries->all.back()}};
    shorter.tries = std::make_shared<const relay::Tries>(std::move(last));
  }
  if (record.progress() != nullptr || record.datagrams() != nullptr || !record.stream().introduction) return shorter;
  relay::Introduction introduction = *record.stream().introduction;
  introduction.unique_id.reset();
  introduction.authority.reset();
  shorter.stream().introduction = std::make_shared<const relay::Introduction>(std::move(introduction));
  return shorter;
}

std::vector<std::pair<std::string_view, std::string>> parameters(const relay::Record& record) {
  std::vector<std::pair<std::string_view, std::string>> all;
  all.emplace_back("id", std::to_string(record.id));
  if (record.forwarding) all.emplace_back("forwarding", *record.forwarding);
  all.emplace_back("client", record.sides[0].address.text());
  all.emplace_back("upstream", record.sides[1].address.text());
  if (record.progress() == nullptr) all.emplace_back("ending", name(relay::ending_of(record)));
  all.emplace_back("duration_us", std::to_string(record.duration.count()));
  if (record.tries && !record.tries->group.empty()) all.emplace_back("group", record.tries->group);
  if (record.tries && !record.tries->all.empty()) all.emplace_back("member", record.tries->all.back().member);
  return all;
}

}  // namespace lastbyte::observe
