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

/// Closes and opens mappings until the one for `key` is open. The table keeps the keys of one block together.
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
void print_settings(const Owner& owner, YAML::Emitter& out) {
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

/// Prints all settings of an owner, and its blocks.
template <typename Owner>
void print(const Owner& owner, YAML::Emitter& out) {
  out << YAML::BeginMap;
  print_settings(owner, out);
  visit_blocks(owner, [&](const BlockKind& kind, const auto& blocks) {
    if (blocks.empty()) return;
    out << YAML::Key << std::string(kind.key) << YAML::Value;
    const bool named = kind.shape == Shape::named;
    named ? out << YAML::BeginMap : out << YAML::BeginSeq;
    for (const auto& block : blocks) {
      if constexpr (requires { block.name; }) {
        if (named) out << YAML::Key << block.name << YAML::Value;
      }
      print(block, out);
    }
    named ? out << YAML::EndMap : out << YAML::EndSeq;
  });
  out << YAML::EndMap;
}

}  // namespace

std::string print_yaml(const Config& config) {
  YAML::Emitter out;
  print(config, out);
  return std::string(out.c_str()) + "\n";
}

}  // namespace lastbyte::config
