// The public entry points, and the texts of problems.
#include "base/file.h"
#include "base/result.h"
#include "config/read/draft.h"

namespace lastbyte::config {

std::string Origin::text() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::text() const { return where.text() + ": " + what; }

std::vector<const Block*> Block::all(const BlockKind& of) const {
  std::vector<const Block*> found;
  for (const Block& block : blocks)
    if (block.kind == &of) found.push_back(&block);
  return found;
}

std::string about(const Setting& setting, const Origin& where) { return where.line == 0 ? "" : setting.key + ": "; }

Loaded load_yaml(std::string_view text, const std::string& name, const std::vector<Flag>& overrides) {
  Draft draft = read_yaml(text, name);
  add_overrides(draft, overrides);
  return assemble(std::move(draft));
}

Loaded load_file(const std::string& path, const std::vector<Flag>& overrides) {
  const Result<std::string> text = read_file(path);
  if (!text) return {.config = std::nullopt, .problems = {{{"--config", 0, 0}, text.error().text()}}};
  return load_yaml(*text, path, overrides);
}

Loaded load_flags(const std::vector<Flag>& flags) { return assemble(read_flags(flags)); }

}  // namespace lastbyte::config
