#include "config/difference.h"

#include <algorithm>
#include <utility>

#include "config/settings.h"

namespace lastbyte::config {
namespace {

template <typename Owner>
std::vector<std::string> keys_that_differ(const Owner& before, const Owner& after) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings()) {
    const auto* field = std::get_if<Field<Owner>>(&setting.field);
    if (field != nullptr && !field->same(before, after)) keys.push_back(setting.key);
  }
  return keys;
}

bool same_listener(const relay::Forwarding& a, const relay::Forwarding& b) {
  return a.listen == b.listen && a.client.netns == b.client.netns &&
         a.client.socket.interface == b.client.socket.interface;
}

}  // namespace

std::vector<std::string> differing_keys(const Config& before, const Config& after) {
  return keys_that_differ(before, after);
}

std::vector<std::string> differing_keys(const relay::Forwarding& before, const relay::Forwarding& after) {
  return keys_that_differ(before, after);
}

std::vector<std::optional<std::size_t>> predecessors(const std::vector<relay::Forwarding>& before,
                                                     const std::vector<relay::Forwarding>& after) {
  std::vector<std::optional<std::size_t>> found(after.size());
  std::vector<bool> taken(before.size(), false);
  const auto look = [&](const auto& is_it) {
    for (std::size_t index = 0; index < after.size(); ++index) {
      for (std::size_t old = 0; old < before.size() && !found[index]; ++old) {
        if (taken[old] || !is_it(before[old], after[index])) continue;
        found[index] = old;
        taken[old] = true;
      }
    }
  };
  look([](const relay::Forwarding& a, const relay::Forwarding& b) { return a.name == b.name; });
  look(same_listener);
  return found;
}

Config keep_all_but(const std::vector<std::string>& changeable, const Config& before, Config after) {
  for (const Setting& setting : settings()) {
    const auto* field = std::get_if<Field<Config>>(&setting.field);
    if (field == nullptr || std::ranges::find(changeable, setting.key) != changeable.end()) continue;
    field->copy(after, before);
  }
  return after;
}

}  // namespace lastbyte::config
