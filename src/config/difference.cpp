#include "config/difference.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "config/settings/settings.h"

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

const std::string& name_of(const relay::Forwarding& forwarding) { return forwarding.name; }

/// Identifies a listener: the same text means the same listener.
std::string listener_of(const relay::Forwarding& forwarding) {
  return forwarding.listen.text() + '\n' + forwarding.client.netns.text() + '\n' + forwarding.client.root.text() +
         '\n' + forwarding.client.socket.interface;
}

}  // namespace

std::vector<std::string> differing_keys(const Config& before, const Config& after) {
  return keys_that_differ(before, after);
}

std::vector<std::string> differing_keys(const upstream::Group& before, const upstream::Group& after) {
  std::vector<std::string> keys = keys_that_differ(before, after);
  if (before.members != after.members) keys.emplace_back(kMembers.key);
  return keys;
}

std::vector<std::string> differing_keys(const relay::Forwarding& before, const relay::Forwarding& after) {
  return keys_that_differ(before, after);
}

std::vector<std::optional<std::size_t>> predecessors(const std::vector<relay::Forwarding>& before,
                                                     const std::vector<relay::Forwarding>& after) {
  std::vector<std::optional<std::size_t>> found(after.size());
  std::vector<bool> taken(before.size(), false);
  const auto look = [&](const auto& key_of) {
    std::unordered_map<std::string, std::vector<std::size_t>> free;  // indices by key, in descending order
    for (std::size_t old = before.size(); old-- > 0;)
      if (!taken[old]) free[key_of(before[old])].push_back(old);
    for (std::size_t index = 0; index < after.size(); ++index) {
      if (found[index]) continue;
      const auto same = free.find(key_of(after[index]));
      if (same == free.end() || same->second.empty()) continue;
      found[index] = same->second.back();
      same->second.pop_back();
      taken[*found[index]] = true;
    }
  };
  look(name_of);
  look(listener_of);
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
