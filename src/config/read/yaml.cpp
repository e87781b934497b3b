// YAML text into a Draft. All that yaml-cpp throws ends here.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "config/read/draft.h"
#include "config/read/suggest.h"

namespace lastbyte::config {

namespace {

/// Which part of the file a mapping is, and so which keys it may have.
enum class Part : std::uint8_t { process, defaults, forwarding };

bool allowed(const Setting& setting, Part part) {
  switch (part) {
    case Part::process: return !setting.of_forwarding();
    case Part::defaults: return setting.in_defaults;
    case Part::forwarding: return setting.of_forwarding();
  }
  return false;
}

std::string_view title(Part part) {
  switch (part) {
    case Part::process: return "at the top of the file";
    case Part::defaults: return "in defaults";
    case Part::forwarding: return "in a forwarding";
  }
  return "?";
}

std::string_view kind(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null: return "nothing";
    case YAML::NodeType::Scalar: return "a single value";
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a mapping";
  }
  return "?";
}

std::string found(const YAML::Node& node) {
  return "found " + (node.IsScalar() ? quoted(node.Scalar()) : std::string(kind(node)));
}

/// The keys that may follow `prefix` ("" or "client."), without what comes after their next dot.
std::vector<std::string> children(const std::string& prefix, Part part) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (!allowed(setting, part) || !setting.key.starts_with(prefix)) continue;
    std::string name = setting.key.substr(prefix.size());
    name = name.substr(0, name.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (part == Part::process && prefix.empty()) {
    names.emplace_back("defaults");
    names.emplace_back("forwardings");
  }
  return names;
}

/// All keys that a part may have, in full.
std::vector<std::string> all_keys(Part part) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings())
    if (allowed(setting, part)) keys.push_back(setting.key);
  return keys;
}

/// What an operator may have done where the library says less; `line` counts from 0.
std::string hint(const std::string& text, int line) {
  std::istringstream lines(text);
  std::string wrong;
  for (int at = 0; at <= line && std::getline(lines, wrong); ++at) {
  }
  const std::size_t first = std::min(wrong.find_first_not_of(" \t"), wrong.size());
  if (wrong.substr(0, first).find('\t') != std::string::npos) return "; a tab indents this line, expected spaces";
  if (wrong.find(":[") != std::string::npos && wrong.find_first_of("{[") < wrong.find(":["))
    return "; between braces, an endpoint with '[' stands in quotes: 'tcp:[::1]:80'";
  return "";
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Only where documents begin.
class DocumentStarts : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

  YAML::Mark last = YAML::Mark::null_mark();
};

/// Where a second document begins, if there is one. Not by YAML::LoadAll(), which never returns for a text such as ","
/// (yaml-cpp 0.7): what it cannot make out it takes for one more empty document, without end.
std::optional<YAML::Mark> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return std::nullopt;
  return starts.last;
}

/// The library's words may hold a character of the text.
std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

class Reader {
 public:
  explicit Reader(const std::string& name) { draft_.source = name; }

  Draft read(std::string_view text) {
    draft_.process.where = {draft_.source, 1, 1};
    // A string view need not end with a zero, and the parser wants a string.
    const std::string owned(text);
    try {
      if (const auto mark = second_document(owned)) {
        report(at(*mark), "not part of the document so far; expected one document in the file");
      } else {
        document(YAML::Load(owned));
      }
    } catch (const YAML::Exception& wrong) {
      report(at(wrong.mark), "not valid YAML: " + one_line(wrong.msg) + hint(owned, wrong.mark.line));
    } catch (const std::exception& wrong) {
      // The library lets a few of the language's own through for broken text.
      report({draft_.source, 0, 0}, "not valid YAML: " + one_line(wrong.what()));
    }
    return std::move(draft_);
  }

 private:
  [[nodiscard]] Origin at(const YAML::Mark& mark) const {
    if (mark.is_null()) return {draft_.source, 0, 0};
    return {draft_.source, mark.line + 1, mark.column + 1};
  }

  void report(const Origin& where, std::string what) { draft_.problems.push_back({where, std::move(what)}); }

  void document(const YAML::Node& top) {
    if (top.IsNull()) return report({draft_.source, 1, 1}, "the file is empty; expected at least forwardings");
    if (!top.IsMap()) {
      return report(at(top.Mark()), found(top) + "; expected a mapping with the key forwardings");
    }
    block(top, Part::process, "", draft_.process);
  }

  /// Every pair of `map`, into `into`.
  void block(const YAML::Node& map, Part part, const std::string& prefix, Block& into) {
    std::map<std::string, Origin> seen;
    for (const auto& pair : map) {
      const YAML::Node& key = pair.first;
      const Origin where = at(key.Mark());
      if (!key.IsScalar()) {
        report(where, std::string(kind(key)) + " as a key; expected one of " + listed(children(prefix, part)));
        continue;
      }
      const std::string path = prefix + key.Scalar();
      const auto [first, is_new] = seen.emplace(path, where);
      if (!is_new) {
        report(where, "key " + quoted(path) + " given twice; it was given at " + first->second.text() + " already");
        continue;
      }
      entry(path, where, pair.second, part, prefix, into);
    }
  }

  void entry(const std::string& path, const Origin& where, const YAML::Node& value, Part part,
             const std::string& prefix, Block& into) {
    if (part == Part::process && path == "forwardings") return forwardings(value, where);
    if (part == Part::process && path == "defaults") {
      draft_.defaults.where = where;
      return nested(path, where, value, Part::defaults, "", draft_.defaults);
    }
    const Setting* setting = find_key(path, part != Part::process);
    if (setting != nullptr && allowed(*setting, part)) return this->setting(*setting, where, value, into);
    if (const std::string inner = path + "."; !children(inner, part).empty()) {
      return nested(path, where, value, part, inner, into);
    }
    unknown(path, where, part, prefix, into);
  }

  void nested(const std::string& path, const Origin& where, const YAML::Node& value, Part part,
              const std::string& prefix, Block& into) {
    if (value.IsNull()) return;  // all its keys are commented out
    if (!value.IsMap()) {
      return report(value.IsDefined() ? at(value.Mark()) : where,
                    path + ": " + found(value) + "; expected a mapping with keys of " + listed(children(prefix, part)));
    }
    block(value, part, prefix, into);
  }

  void unknown(const std::string& path, const Origin& where, Part part, const std::string& prefix, Block& into) {
    const std::vector<std::string> known = children(prefix, part);
    std::string what = "unknown key " + quoted(path) + " " + std::string(title(part));
    if (path == "<<") return report(where, what + "; merge keys are not supported: use defaults");
    if (const auto near = nearest(path.substr(prefix.size()), known)) {
      // It is given, under a wrong name: that it is missing would be a second word on the same mistake.
      if (const Setting* meant = find_key(prefix + *near, part != Part::process)) into.misread.push_back(meant);
      return report(where, what + "; did you mean '" + prefix + *near + "'?");
    }
    for (const Part other : {Part::process, Part::forwarding}) {
      const std::vector<std::string> there = children("", other);
      const bool is_group = prefix.empty() && std::ranges::find(there, path) != there.end();
      if (is_group || find_key(path, other == Part::forwarding) != nullptr)
        return report(where, what + "; it stands " + std::string(title(other)) + or_in_defaults(path, part, other));
    }
    if (const auto full = nearest(path, all_keys(part))) return report(where, what + "; did you mean '" + *full + "'?");
    report(where, what + "; expected one of " + listed(known));
  }

  static std::string or_in_defaults(const std::string& path, Part part, Part other) {
    const std::vector<std::string> there = children("", Part::defaults);
    const std::string group = path.substr(0, path.find('.'));
    const bool too =
        part == Part::process && other == Part::forwarding && std::ranges::find(there, group) != there.end();
    return too ? ", or in defaults" : "";
  }

  void forwardings(const YAML::Node& list, const Origin& where) {
    if (list.IsNull() || (list.IsSequence() && list.size() == 0)) {
      return report(where, "forwardings: is empty; expected at least one forwarding");
    }
    if (!list.IsSequence()) {
      return report(at(list.Mark()), "forwardings: " + found(list) + "; expected a list of mappings");
    }
    for (const YAML::Node& item : list) {
      if (!item.IsMap()) {
        // The mark of a null is that of the next token.
        report(item.IsNull() ? where : at(item.Mark()),
               "forwardings: " + found(item) + "; expected a mapping with at least listen and connect");
        continue;
      }
      Block block_of_item{.where = at(item.Mark()), .given = {}};
      block(item, Part::forwarding, "", block_of_item);
      draft_.forwardings.push_back(std::move(block_of_item));
    }
  }

  void setting(const Setting& setting, const Origin& where, const YAML::Node& value, Block& into) {
    // Within one mapping block() has looked; the same key can be written with dots and as levels.
    const auto before = std::ranges::find(into.given, &setting, &Given::setting);
    if (before != into.given.end())
      return report(
          where, "key " + quoted(setting.key) + " given twice; it was given at " + before->where.text() + " already");
    Given given{.setting = &setting, .values = {}, .where = where};
    if (value.IsScalar()) {
      given.where = at(value.Mark());
      const bool empty_list = setting.list && value.Scalar() == setting.standard;
      if (!empty_list) given.values.push_back({value.Scalar(), given.where});
    } else if (setting.list && value.IsSequence()) {
      for (const YAML::Node& item : value) {
        if (!item.IsScalar()) {
          into.misread.push_back(&setting);
          return report(item.IsNull() ? where : at(item.Mark()),
                        setting.key + ": " + found(item) + " in the list; expected " + setting.expects);
        }
        given.values.push_back({item.Scalar(), at(item.Mark())});
      }
    } else {
      into.misread.push_back(&setting);
      return report(value.IsNull() ? where : at(value.Mark()),
                    setting.key + ": " + found(value) + "; expected " + setting.expects);
    }
    into.given.push_back(std::move(given));
  }

  Draft draft_;
};

}  // namespace

Draft read_yaml(std::string_view text, const std::string& name) { return Reader(name).read(text); }

}  // namespace lastbyte::config
