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

#include "config/settings/codec.h"
#include "config/settings/endpoint_kinds.h"
#include "config/settings/settings.h"

namespace lastbyte::config {

/// Where a setting's value stands in its owner. Plain pointers, so that fields are made once a kind of value and not
/// once a setting.
template <typename Owner, typename Value>
struct Accessor {
  /// `get`: a lambda without captures that takes an owner, const or not.
  template <typename Get>
  explicit Accessor(Get get) : in(get), in_const(get) {}

  Value& (*in)(Owner&);
  const Value& (*in_const)(const Owner&);
};

/// The common part of fields of all kinds, without `read` and `print`.
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

/// `List` is made of a vector of values, each of which it holds once.
template <typename Owner, typename Value, typename List>
Field<Owner> list_field(const Codec<Value>& codec, Accessor<Owner, List> at) {
  Field<Owner> field = bare_field(at);
  field.read = [codec, at](Owner& owner, const std::vector<std::string_view>& texts) {
    std::vector<Value> values;
    std::vector<Misread> misread;
    // As they are printed: parse(print(value)) == value, and so values that differ print as different texts.
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

/// The row has an effect only while the setting `key` is such that this holds.
template <typename Owner>
void needs(Setting& row, std::string key, std::function<bool(const Owner&)> holds) {
  std::get<Field<Owner>>(row.field).conditions.push_back({std::move(key), std::move(holds)});
}

/// Adds rows to the table; what is special about a row is set on the reference that it returns, before the next one is
/// added.
class Table {
 public:
  template <typename Owner, typename Value, typename Get>
  Setting& add(Group group, std::string_view key, const Codec<Value>& codec, Get get, std::string_view meaning) {
    return add(group, key, codec, Accessor<Owner, Value>(get), meaning);
  }

  /// `List`: of a Forwarding.
  template <typename List, typename Value, typename Get>
  Setting& add_list(Group group, std::string_view key, const Codec<Value>& codec, Get get, std::string_view meaning) {
    return add_list(group, key, codec, Accessor<relay::Forwarding, List>(get), meaning);
  }

  /// The row that was added last has an effect only while the endpoint listened on is one of these. Its meaning says
  /// so, unless it needs another setting already, which is for that to say.
  void listening(Kinds kinds);
  /// Only while the endpoint connected to is one of these.
  void connecting(Kinds kinds);

  std::vector<Setting> rows;

 private:
  template <typename Owner, typename Value>
  Setting& add(Group group, std::string_view key, const Codec<Value>& codec, Accessor<Owner, Value> at,
               std::string_view meaning) {
    Field<Owner> field = single_field(codec, at);
    Setting& row = push(group, key, codec.placeholder, codec.expects, meaning);
    row.standard = field.print(Owner{}).front();
    row.field = std::move(field);
    return row;
  }

  template <typename Value, typename List>
  Setting& add_list(Group group, std::string_view key, const Codec<Value>& codec, Accessor<relay::Forwarding, List> at,
                    std::string_view meaning) {
    Setting& row = push(group, key, codec.placeholder, codec.expects, meaning);
    row.standard = kNoneWord;
    row.list = true;
    row.field = list_field(codec, at);
    return row;
  }

  Setting& push(Group group, std::string_view key, const std::string& placeholder, const std::string& expects,
                std::string_view meaning);
};

/// Longest time that a setting accepts.
inline constexpr Duration kLongest = std::chrono::hours(24 * 365);
/// Largest number of the kernel's 32-bit counts and ids.
inline constexpr std::uint32_t kMostCount = std::numeric_limits<std::uint32_t>::max();

/// Each adds the rows of one owner; in its own file, in the order in which settings are shown.
void add_process(Table& table);
void add_forwarding(Table& table);
void add_sides(Table& table);

}  // namespace lastbyte::config
