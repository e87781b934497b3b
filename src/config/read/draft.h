// Settings as given, before interpretation: their texts and places. Both the YAML reader and the flags make a Draft;
// assemble() turns it into a Config.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings/config.h"
#include "config/settings/settings.h"

namespace lastbyte::config {

struct Text {
  std::string text;
  Origin where;
};

struct Given {
  const Setting* setting;
  std::vector<Text> values;  ///< one, or several for a list
  Origin where;
};

/// The settings of one owner, and its blocks.
struct Block {
  const BlockKind* kind = &kProcess;
  Origin where = {};
  std::string name = {};  ///< for named blocks
  std::vector<Given> given = {};
  std::vector<const Setting*> misread = {};  ///< settings whose given value is invalid; already reported
  std::vector<Block> blocks = {};            ///< of all kinds

  [[nodiscard]] std::vector<const Block*> all(const BlockKind& of) const;
};

struct Draft {
  std::string source;            ///< the file's name; empty for flags alone
  Block process;                 ///< the whole file
  std::vector<Given> overrides;  ///< flags that take precedence over `process`
  std::vector<Problem> problems;
};

/// Never throws, whatever `text` contains.
Draft read_yaml(std::string_view text, const std::string& name);
/// Makes a Draft with one forwarding.
Draft read_flags(const std::vector<Flag>& flags);
/// Adds flags given beside a file. Flags of forwardings are problems.
void add_overrides(Draft& draft, const std::vector<Flag>& flags);

/// Applies the settings, adds the defaults, and checks the settings against each other.
Loaded assemble(Draft draft);

/// The prefix of a message about a setting: "key: "; empty for a flag, which names itself.
std::string about(const Setting& setting, const Origin& where);

}  // namespace lastbyte::config
