// The given settings before they are interpreted: their texts and places. Both the YAML reader and
// the flags make a Draft; assemble() makes a Config of it.
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
  std::vector<Text> values;  ///< one, or those of a list
  Origin where;
};

/// Settings of the same owner, and the blocks that it has.
struct Block {
  const BlockKind* kind = &kProcess;
  Origin where = {};
  std::string name = {};  ///< of a named one
  std::vector<Given> given = {};
  std::vector<const Setting*> misread = {};  ///< what was given for them is no value; it was told
  std::vector<Block> blocks = {};            ///< of all kinds

  [[nodiscard]] std::vector<const Block*> all(const BlockKind& of) const;
};

struct Draft {
  std::string source;            ///< the file's name; empty for flags alone
  Block process;                 ///< the whole file
  std::vector<Given> overrides;  ///< flags that win over those of `process`
  std::vector<Problem> problems;
};

/// Never throws, whatever `text` holds.
Draft read_yaml(std::string_view text, const std::string& name);
/// One forwarding.
Draft read_flags(const std::vector<Flag>& flags);
/// Flags beside a file: those of forwardings are problems.
void add_overrides(Draft& draft, const std::vector<Flag>& flags);

/// Applies, completes with defaults, and checks everything that settings mean together.
Loaded assemble(Draft draft);

/// "key: " before what is wrong with it; nothing for a flag, which names itself.
std::string about(const Setting& setting, const Origin& where);

}  // namespace lastbyte::config
