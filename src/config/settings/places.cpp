#include "config/settings/places.h"

#include <utility>

namespace lastbyte::config {

void Places::add(const std::string& forwarding, const std::string& key, std::vector<Origin> places) {
  if (!places.empty()) forwardings_[forwarding][key] = std::move(places);
}

void Places::add_members(const std::string& group, std::vector<Origin> places) { members_[group] = std::move(places); }

std::optional<Origin> Places::of_member(const std::string& group, std::size_t index) const {
  const auto found = members_.find(group);
  if (found == members_.end() || index >= found->second.size()) return std::nullopt;
  return found->second[index];
}

std::optional<Origin> Places::of(const std::string& forwarding, std::string_view key, std::size_t index) const {
  const auto found = forwardings_.find(forwarding);
  if (found == forwardings_.end()) return std::nullopt;
  const auto setting = found->second.find(key);
  if (setting != found->second.end())
    return index < setting->second.size() ? setting->second[index] : setting->second.front();
  if (key == "listen") return std::nullopt;
  return of(forwarding, "listen");
}

}  // namespace lastbyte::config
