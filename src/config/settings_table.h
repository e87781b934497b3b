// How the table of settings is put together: rows, and what is special about them. For settings.cpp.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/codec.h"
#include "config/endpoint_kinds.h"
#include "config/settings.h"

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

template <typename Owner, typename Value>
Field<Owner> single_field(const Codec<Value>& codec, Accessor<Owner, Value> at) {
  Field<Owner> field;
  field.read = [parse = codec.parse, at](Owner& owner, std::string_view text) -> std::optional<std::string> {
    auto value = parse(text);
    if (!value) return value.error();
    at.in(owner) = std::move(*value);
    return std::nullopt;
  };
  field.print = [print = codec.print, at](const Owner& owner) {
    return std::vector<std::string>{print(at.in_const(owner))};
  };
  field.reset = [at](Owner& owner) { at.in(owner) = at.in_const(Owner{}); };
  return field;
}

template <typename Owner, typename Value>
Field<Owner> list_field(const Codec<Value>& codec, Accessor<Owner, std::vector<Value>> at) {
  Field<Owner> field;
  field.read = [parse = codec.parse, at](Owner& owner, std::string_view text) -> std::optional<std::string> {
    auto value = parse(text);
    if (!value) return value.error();
    auto& values = at.in(owner);
    if (std::find(values.begin(), values.end(), *value) != values.end()) return "given twice; expected each once";
    values.push_back(std::move(*value));
    return std::nullopt;
  };
  field.print = [print = codec.print, at](const Owner& owner) {
    std::vector<std::string> texts;
    for (const Value& value : at.in_const(owner)) texts.push_back(print(value));
    return texts;
  };
  field.reset = [at](Owner& owner) { at.in(owner).clear(); };
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

  template <typename Value, typename Get>
  Setting& add_list(Group group, std::string_view key, const Codec<Value>& codec, Get get, std::string_view meaning) {
    return add_list(group, key, codec, Accessor<relay::Forwarding, std::vector<Value>>(get), meaning);
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

  template <typename Value>
  Setting& add_list(Group group, std::string_view key, const Codec<Value>& codec,
                    Accessor<relay::Forwarding, std::vector<Value>> at, std::string_view meaning) {
    Setting& row = push(group, key, codec.placeholder, codec.expects, meaning);
    row.standard = kNoneWord;
    row.list = true;
    row.field = list_field(codec, at);
    return row;
  }

  Setting& push(Group group, std::string_view key, const std::string& placeholder, const std::string& expects,
                std::string_view meaning);
};

}  // namespace lastbyte::config
