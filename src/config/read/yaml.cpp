// Reads YAML text into a Draft. No exception of yaml-cpp leaves this file.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "base/text.h"
#include "config/read/draft.h"
#include "config/read/suggest.h"
#include "config/values/codec.h"

namespace lastbyte::config {

namespace {

std::string_view type_of(const YAML::Node& node) {
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
  return "found " + (node.IsScalar() ? in_quotes(node.Scalar()) : std::string(type_of(node)));
}

/// Returns the kind of block that `key` begins in a block of this kind; nullptr: none.
const BlockKind* block_in(const BlockKind& kind, std::string_view key) {
  const auto found = std::ranges::find_if(
      kBlockKinds, [&](const BlockKind* each) { return each->parent == &kind && each->key == key; });
  return found == kBlockKinds.end() ? nullptr : *found;
}

/// Returns the keys that may follow `prefix` ("" or "client."), up to their next dot.
std::vector<std::string> children(const std::string& prefix, const BlockKind& kind) {
  std::vector<std::string> names;
  for (const Setting& setting : settings()) {
    if (!setting.belongs_in(kind) || !setting.key.starts_with(prefix)) continue;
    std::string name = setting.key.substr(prefix.size());
    name = name.substr(0, name.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const BlockKind* each : kBlockKinds)
    if (prefix.empty() && each->parent == &kind) names.emplace_back(each->key);
  return names;
}

/// Returns all full keys that a block may contain.
std::vector<std::string> all_keys(const BlockKind& kind) {
  std::vector<std::string> keys;
  for (const Setting& setting : settings())
    if (setting.belongs_in(kind)) keys.push_back(setting.key);
  return keys;
}

/// Describes the form of a block of this kind: "a mapping with at least listen and connect".
std::string form_of(const BlockKind& kind) {
  std::string keys;
  for (const Setting& setting : settings())
    if (setting.required && setting.belongs_in(kind)) keys += (keys.empty() ? "" : " and ") + setting.key;
  for (const BlockKind* each : kBlockKinds)
    if (each->parent == &kind && each->required) keys += (keys.empty() ? "" : " and ") + std::string(each->key);
  const std::string mapping = "a mapping with at least " + keys;
  return kind.alone.empty() ? mapping : "the value of " + std::string(kind.alone) + ", or " + mapping;
}

/// Guesses the user's mistake if the library's message does not help; `line` counts from 0.
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

/// Records only where documents begin.
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

/// Returns where a second document begins, if there is one. YAML::LoadAll() would never return for a text such as ",":
/// it takes the rest for one more empty document, without end (yaml-cpp 0.7).
std::optional<YAML::Mark> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStarts starts;
  if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return std::nullopt;
  return starts.last;
}

/// Removes control characters: the library's message may contain a character of the text.
std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, '?');
  return text;
}

class Reader {
 public:
  explicit Reader(const std::string& name) { draft_.source = name; }

  Draft read(std::string_view text) {
    draft_.process.where = {draft_.source, 1, 1};
    // The parser needs a string; a string view need not end with a zero.
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
      // For broken text the library lets some standard exceptions through.
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
    block(top, "", draft_.process);
  }

  /// Reads every pair of `map` into `into`.
  void block(const YAML::Node& map, const std::string& prefix, Block& into) {
    std::map<std::string, Origin> seen;
    for (const auto& pair : map) {
      const YAML::Node& key = pair.first;
      const Origin where = at(key.Mark());
      if (!key.IsScalar()) {
        report(where, std::string(type_of(key)) + " as a key; expected one of " + listed(children(prefix, *into.kind)));
        continue;
      }
      const std::string path = prefix + key.Scalar();
      if (is_again(path, where, seen)) continue;
      entry(path, where, pair.second, prefix, into);
    }
  }

  bool is_again(const std::string& path, const Origin& where, std::map<std::string, Origin>& seen) {
    const auto [first, is_new] = seen.emplace(path, where);
    if (!is_new)
      report(where, "key " + in_quotes(path) + " given twice; it was given at " + first->second.text() + " already");
    return !is_new;
  }

  void entry(const std::string& path, const Origin& where, const YAML::Node& value, const std::string& prefix,
             Block& into) {
    if (const BlockKind* inner = prefix.empty() ? block_in(*into.kind, path) : nullptr)
      return blocks(*inner, where, value, into);
    const Setting* setting = find_key(path, into.kind->owner);
    if (setting != nullptr && setting->belongs_in(*into.kind)) return this->setting(*setting, where, value, into);
    if (const std::string inner = path + "."; !children(inner, *into.kind).empty())
      return nested(path, where, value, inner, into);
    unknown(path, where, prefix, into);
  }

  void nested(const std::string& path, const Origin& where, const YAML::Node& value, const std::string& prefix,
              Block& into) {
    if (value.IsNull()) return;  // all its keys are commented out
    if (!value.IsMap()) {
      return report(
          value.IsDefined() ? at(value.Mark()) : where,
          path + ": " + found(value) + "; expected a mapping with keys of " + listed(children(prefix, *into.kind)));
    }
    block(value, prefix, into);
  }

  void unknown(const std::string& path, const Origin& where, const std::string& prefix, Block& into) {
    const BlockKind& kind = *into.kind;
    const std::vector<std::string> known = children(prefix, kind);
    std::string what = "unknown key " + in_quotes(path) + " " + std::string(kind.where);
    if (path == "<<") return report(where, what + "; merge keys are not supported: use defaults");
    if (const auto near = nearest(path.substr(prefix.size()), known)) {
      // The setting was given under a wrong name; reporting it as missing would be a second message for the same
      // mistake.
      if (const Setting* meant = find_key(prefix + *near, kind.owner)) into.misread.push_back(meant);
      return report(where, what + "; did you mean '" + prefix + *near + "'?");
    }
    for (const BlockKind* other : {&kProcess, &kForwardings, &kGroups, &kMembers}) {
      const std::vector<std::string> there = children("", *other);
      const bool is_block = prefix.empty() && std::ranges::find(there, path) != there.end();
      if (is_block || find_key(path, other->owner) != nullptr)
        return report(where, what + "; it stands " + std::string(other->where) + or_in_defaults(path, kind, *other));
    }
    if (const auto full = nearest(path, all_keys(kind))) return report(where, what + "; did you mean '" + *full + "'?");
    report(where, what + "; expected one of " + listed(known));
  }

  static std::string or_in_defaults(const std::string& path, const BlockKind& kind, const BlockKind& other) {
    const std::vector<std::string> there = children("", kDefaults);
    const std::string first = path.substr(0, path.find('.'));
    const bool too = &kind == &kProcess && &other == &kForwardings && std::ranges::find(there, first) != there.end();
    return too ? ", or in defaults" : "";
  }

  /// Reads all blocks of a kind into `parent`.
  void blocks(const BlockKind& kind, const Origin& where, const YAML::Node& value, Block& parent) {
    switch (kind.shape) {
      case Shape::once: {
        Block one{.kind = &kind, .where = where};
        nested(std::string(kind.key), where, value, "", one);
        parent.blocks.push_back(std::move(one));
        return;
      }
      case Shape::list: return list(kind, where, value, parent);
      case Shape::named: return named(kind, where, value, parent);
    }
  }

  /// Whether there are no blocks; reports a problem if at least one is required.
  bool is_empty(const BlockKind& kind, const Origin& where, const YAML::Node& value) {
    const bool empty = value.IsNull() || ((value.IsSequence() || value.IsMap()) && value.size() == 0);
    if (empty && kind.required)
      report(where, std::string(kind.key) + ": is empty; expected at least one " + std::string(kind.noun));
    return empty;
  }

  void list(const BlockKind& kind, const Origin& where, const YAML::Node& value, Block& parent) {
    if (is_empty(kind, where, value)) return;
    if (!value.IsSequence())
      return report(at(value.Mark()), std::string(kind.key) + ": " + found(value) + "; expected a list of mappings");
    for (const YAML::Node& item : value) {
      // A null node has the mark of the next token.
      Block one{.kind = &kind, .where = item.IsNull() ? where : at(item.Mark())};
      if (item.IsScalar() && !kind.alone.empty()) {
        setting(*find_key(kind.alone, kind.owner), one.where, item, one);
      } else if (item.IsMap()) {
        block(item, "", one);
      } else {
        report(one.where, std::string(kind.key) + ": " + found(item) + "; expected " + form_of(kind));
        continue;
      }
      parent.blocks.push_back(std::move(one));
    }
  }

  void named(const BlockKind& kind, const Origin& where, const YAML::Node& value, Block& parent) {
    if (is_empty(kind, where, value)) return;
    const std::string key(kind.key);
    const std::string noun(kind.noun);
    if (!value.IsMap()) {
      return report(at(value.Mark()), key + ": " + found(value) + "; expected a mapping: the name of each " + noun +
                                          ", and its settings below");
    }
    std::map<std::string, Origin> seen;
    for (const auto& pair : value) {
      const Origin here = at(pair.first.Mark());
      if (!pair.first.IsScalar()) {
        report(here, key + ": " + std::string(type_of(pair.first)) + " as a name; expected the name of a " + noun);
        continue;
      }
      Block one{.kind = &kind, .where = here, .name = pair.first.Scalar()};
      if (is_again(key + "." + one.name, here, seen)) continue;
      if (!pair.second.IsMap()) {
        report(pair.second.IsNull() ? here : at(pair.second.Mark()),
               key + "." + one.name + ": " + found(pair.second) + "; expected " + form_of(kind));
        continue;
      }
      block(pair.second, "", one);
      parent.blocks.push_back(std::move(one));
    }
  }

  void setting(const Setting& setting, const Origin& where, const YAML::Node& value, Block& into) {
    // block() has checked for duplicates within one mapping. The same key may also be written with dots and as levels.
    const auto before = std::ranges::find(into.given, &setting, &Given::setting);
    if (before != into.given.end())
      return report(where, "key " + in_quotes(setting.key) + " given twice; it was given at " + before->where.text() +
                               " already");
    Given given{.setting = &setting, .values = {}, .where = where};
    if (value.IsScalar()) {
      given.where = at(value.Mark());
      const bool empty_list = setting.list && value.Scalar() == kNoneWord;
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
