#include <yaml-cpp/yaml.h>

#include "config/settings/config.h"
#include "config/settings/settings.h"

namespace lastbyte::config {

namespace {

std::vector<std::string> parts_of(const std::string& key) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', begin)) {
    parts.push_back(key.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(key.substr(begin));
  return parts;
}

/// Opens and closes mappings so that the one for `key` is open; the table keeps keys of one block together.
void go_to(const std::vector<std::string>& key, std::vector<std::string>& open, YAML::Emitter& out) {
  std::size_t common = 0;
  while (common < open.size() && common + 1 < key.size() && open[common] == key[common]) ++common;
  for (; open.size() > common; open.pop_back()) out << YAML::EndMap;
  for (; common + 1 < key.size(); ++common) {
    out << YAML::Key << key[common] << YAML::Value << YAML::BeginMap;
    open.push_back(key[common]);
  }
}

template <typename Owner>
void print(const Owner& owner, YAML::Emitter& out) {
  std::vector<std::string> open;
  for (const Setting& setting : settings()) {
    const auto* field = std::get_if<Field<Owner>>(&setting.field);
    if (field == nullptr || !field->applies(owner)) continue;
    const std::vector<std::string> key = parts_of(setting.key);
    go_to(key, open, out);
    out << YAML::Key << key.back() << YAML::Value;
    const std::vector<std::string> texts = field->print(owner);
    if (!setting.list) {
      out << texts.front();
      continue;
    }
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& text : texts) out << text;
    out << YAML::EndSeq;
  }
  for (; !open.empty(); open.pop_back()) out << YAML::EndMap;
}

}  // namespace

std::string print_yaml(const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  print(config, out);
  out << YAML::Key << "forwardings" << YAML::Value << YAML::BeginSeq;
  for (const relay::Forwarding& forwarding : config.forwardings) {
    out << YAML::BeginMap;
    print(forwarding, out);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace lastbyte::config
