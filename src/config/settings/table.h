// Builds the table of settings: its rows and their special properties. Private to this folder.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/settings/settings.h"
#include "config/values/codec.h"
#include "config/values/endpoint_kinds.h"

namespace lastbyte::config {

/// Locates a setting's value in its owner. It uses plain pointers, so that fields are instantiated per kind of value
/// and not per setting.
template <typename Owner, typename Value>
struct Accessor {
  /// `get` is a lambda without captures that takes an owner, const or not.
  template <typename Get>
  explicit Accessor(Get get) : in(get), in_const(get) {}

  Value& (*in)(Owner&);
  const Value& (*in_const)(const Owner&);
};

/// Makes the common part of all kinds of fields, without `read` and `print`.
template <typename Owner, typename Value>
Field<Owner> bare_field(Accessor<Owner, Value> at) {
  Field<Owner> field;
  field.copy = [at](Owner& to, const Owner& from) { at.in(to) = at.in_const(from); };
  field.same = [at](const Owner& a, const Owner& b) { return at.in_const(a) == at.in_const(b); };
  return field;
}

template <typename Owner, typename Value>
Field<Owner> single_field(const Codec<Value>& codec, Accessor<Owner, Value> at) {
  Field<Owner> field = bare_field(at);
  field.read = [parse = codec.parse, at](Owner& owner,
                                         const std::vector<std::string_view>& texts) -> std::vector<Misread> {
    auto value = parse(texts.front());
    if (!value) return {{.index = 0, .what = std::move(value.error())}};
    at.in(owner) = std::move(*value);
    return {};
  };
  field.print = [print = codec.print, at](const Owner& owner) {
    return std::vector<std::string>{print(at.in_const(owner))};
  };
  return field;
}

template <typename Owner, typename Value, typename Get, typename Set>
Field<Owner> computed_field(const Codec<Value>& codec, Get get, Set set) {
  Field<Owner> field;
  field.read = [parse = codec.parse, set](Owner& owner,
                                          const std::vector<std::string_view>& texts) -> std::vector<Misread> {
    auto value = parse(texts.front());
    if (!value) return {{.index = 0, .what = std::move(value.error())}};
    set(owner, std::move(*value));
    return {};
  };
  field.print = [print = codec.print, get](const Owner& owner) { return std::vector<std::string>{print(get(owner))}; };
  field.copy = [get, set](Owner& to, const Owner& from) { set(to, get(from)); };
  field.same = [get](const Owner& a, const Owner& b) { return get(a) == get(b); };
  return field;
}

/// `List` is constructed from a vector of distinct values.
template <typename Owner, typename Value, typename List>
Field<Owner> list_field(const Codec<Value>& codec, Accessor<Owner, List> at) {
  Field<Owner> field = bare_field(at);
  field.read = [codec, at](Owner& owner, const std::vector<std::string_view>& texts) {
    std::vector<Value> values;
    std::vector<Misread> misread;
    // Compare the printed values: parse(print(value)) == value, so different values print as different texts.
    std::unordered_set<std::string> seen;
    for (std::size_t index = 0; index < texts.size(); ++index) {
      auto value = codec.parse(texts[index]);
      if (!value) {
        misread.push_back({index, std::move(value.error())});
      } else if (!seen.insert(codec.print(*value)).second) {
        misread.push_back({index, "given twice; expected each once"});
      } else {
        values.push_back(std::move(*value));
      }
    }
    at.in(owner) = List(std::move(values));
    return misread;
  };
  field.print = [print = codec.print, at](const Owner& owner) {
    std::vector<std::string> texts;
    for (const Value& value : at.in_const(owner)) texts.push_back(print(value));
    return texts;
  };
  return field;
}

/// A flag that a word of a list sets.
template <typename Owner>
struct NamedFlag {
  std::string_view word;
  Accessor<Owner, bool> at;
};

template <typename Owner>
Field<Owner> flags_field(const std::vector<NamedFlag<Owner>>& flags) {
  Field<Owner> field;
  field.read = [flags](Owner& owner, const std::vector<std::string_view>& texts) {
    std::vector<Misread> misread;
    for (const auto& flag : flags) flag.at.in(owner) = false;
    for (std::size_t index = 0; index < texts.size(); ++index) {
      const auto flag = std::ranges::find(flags, texts[index], &NamedFlag<Owner>::word);
      if (flag == flags.end()) {
        std::vector<std::string> words;
        for (const auto& each : flags) words.emplace_back(each.word);
        misread.push_back({index, "expected " + either(words)});
      } else if (std::exchange(flag->at.in(owner), true)) {
        misread.push_back({index, "given twice; expected each once"});
      }
    }
    return misread;
  };
  field.print = [flags](const Owner& owner) {
    std::vector<std::string> texts;
    for (const auto& flag : flags)
      if (flag.at.in_const(owner)) texts.emplace_back(flag.word);
    return texts;
  };
  field.copy = [flags](Owner& to, const Owner& from) {
    for (const auto& flag : flags) flag.at.in(to) = flag.at.in_const(from);
  };
  field.same = [flags](const Owner& a, const Owner& b) {
    return std::ranges::all_of(flags, [&](const auto& flag) { return flag.at.in_const(a) == flag.at.in_const(b); });
  };
  return field;
}

/// Gives the row an effect only while `holds` is true, which depends on the setting `key`.
template <typename Owner>
void needs(Setting& row, std::string key, std::function<bool(const Owner&)> holds) {
  std::get<Field<Owner>>(row.field).conditions.push_back({std::move(key), std::move(holds)});
}

/// Adds rows to the table. Set a row's special properties on the returned reference before adding the next row.
class Table {
 public:
  template <typename Owner, typename Value, typename Get>
  Setting& add(Heading heading, std::string_view key, const Codec<Value>& codec, Get get, std::string_view meaning) {
    return add(heading, key, codec, Accessor<Owner, Value>(get), meaning);
  }

  template <typename Owner, typename List, typename Value, typename Get>
  Setting& add_list(Heading heading, std::string_view key, const Codec<Value>& codec, Get get,
                    std::string_view meaning) {
    return add_list(heading, key, codec, Accessor<Owner, List>(get), meaning);
  }

  /// Adds a list of words, each of which sets a flag of the owner.
  template <typename Owner>
  Setting& add_flags(Heading heading, std::string_view key, const std::vector<NamedFlag<Owner>>& flags,
                     std::string_view meaning);

  /// Adds a value that the owner does not contain as it is: `get` computes it, `set` takes it apart.
  template <typename Owner, typename Value, typename Get, typename Set>
  Setting& add_computed(Heading heading, std::string_view key, const Codec<Value>& codec, Get get, Set set,
                        std::string_view meaning) {
    return add_row(heading, key, codec, computed_field<Owner>(codec, get, set), meaning);
  }

  /// Gives the last row an effect only while the listening endpoint is one of these. Its meaning says so, unless it
  /// already needs another setting, whose meaning says it. For forwardings.
  void listening(Kinds kinds);
  /// The same for the endpoint connected to. For forwardings and members.
  void connecting(Kinds kinds);

  std::vector<Setting> rows;

 private:
  template <typename Owner, typename Value>
  Setting& add(Heading heading, std::string_view key, const Codec<Value>& codec, Accessor<Owner, Value> at,
               std::string_view meaning) {
    return add_row(heading, key, codec, single_field(codec, at), meaning);
  }

  template <typename Owner, typename Value>
  Setting& add_row(Heading heading, std::string_view key, const Codec<Value>& codec, Field<Owner> field,
                   std::string_view meaning) {
    Setting& row = push(heading, key, codec.placeholder, codec.expects, meaning);
    row.standard = field.print(Owner{}).front();
    row.field = std::move(field);
    return row;
  }

  template <typename Owner, typename Value, typename List>
  Setting& add_list(Heading heading, std::string_view key, const Codec<Value>& codec, Accessor<Owner, List> at,
                    std::string_view meaning) {
    Setting& row = push(heading, key, codec.placeholder, codec.expects, meaning);
    row.standard = kNoneWord;
    row.list = true;
    row.field = list_field(codec, at);
    return row;
  }

  Setting& push(Heading heading, std::string_view key, const std::string& placeholder, const std::string& expects,
                std::string_view meaning);
};

template <typename Owner>
Setting& Table::add_flags(Heading heading, std::string_view key, const std::vector<NamedFlag<Owner>>& flags,
                          std::string_view meaning) {
  Field<Owner> field = flags_field(flags);
  std::vector<std::string> words;
  for (const auto& flag : flags) words.emplace_back(flag.word);
  std::string placeholder;
  for (const std::string& word : words) placeholder += (placeholder.empty() ? "" : "|") + word;
  Setting& row = push(heading, key, placeholder, either(words), meaning);
  for (const std::string& word : field.print(Owner{})) row.standard += (row.standard.empty() ? "" : ", ") + word;
  if (row.standard.empty()) row.standard = kNoneWord;
  row.list = true;
  row.field = std::move(field);
  return row;
}

/// The longest time that a setting accepts.
inline constexpr Duration kLongest = std::chrono::hours(24 * 365);
/// The largest value of the kernel's 32-bit counts and ids.
inline constexpr std::uint32_t kMostCount = std::numeric_limits<std::uint32_t>::max();

/// Each function adds the rows of one owner, from its own file, in display order.
void add_process(Table& table);
void add_forwarding(Table& table);
void add_sides(Table& table);
/// Adds the settings of a forwarding's upstream: look-ups and retries.
void add_upstreams(Table& table);
void add_groups(Table& table);

}  // namespace lastbyte::config
