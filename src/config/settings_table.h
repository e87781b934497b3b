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

template <typename Owner, typename Value, typename Get>
Field<Owner> single_field(const Codec<Value>& codec, Get get) {
  Field<Owner> field;
  field.read = [codec, get](Owner& owner, std::string_view text) -> std::optional<std::string> {
    auto value = codec.parse(text);
    if (!value) return value.error();
    get(owner) = std::move(*value);
    return std::nullopt;
  };
  field.print = [codec, get](const Owner& owner) { return std::vector<std::string>{codec.print(get(owner))}; };
  field.reset = [get](Owner& owner) {
    const Owner fresh{};
    get(owner) = get(fresh);
  };
  return field;
}

template <typename Owner, typename Value, typename Get>
Field<Owner> list_field(const Codec<Value>& codec, Get get) {
  Field<Owner> field;
  field.read = [codec, get](Owner& owner, std::string_view text) -> std::optional<std::string> {
    auto value = codec.parse(text);
    if (!value) return value.error();
    if (std::find(get(owner).begin(), get(owner).end(), *value) != get(owner).end()) {
      return "given twice; expected each once";
    }
    get(owner).push_back(std::move(*value));
    return std::nullopt;
  };
  field.print = [codec, get](const Owner& owner) {
    std::vector<std::string> texts;
    for (const Value& value : get(owner)) texts.push_back(codec.print(value));
    return texts;
  };
  field.reset = [get](Owner& owner) { get(owner).clear(); };
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
  Setting& add(Group group, std::string key, const Codec<Value>& codec, Get get, std::string meaning) {
    const Field<Owner> field = single_field<Owner>(codec, get);
    Setting& row = push(group, std::move(key), codec.placeholder, codec.expects, std::move(meaning));
    row.standard = field.print(Owner{}).front();
    row.field = field;
    return row;
  }

  template <typename Value, typename Get>
  Setting& add_list(Group group, std::string key, const Codec<Value>& codec, Get get, std::string meaning) {
    Setting& row = push(group, std::move(key), codec.placeholder, codec.expects, std::move(meaning));
    row.standard = kNoneWord;
    row.list = true;
    row.field = list_field<relay::Forwarding>(codec, get);
    return row;
  }

  /// The row that was added last has an effect only while the endpoint listened on is one of these. Its meaning says
  /// so, unless it needs another setting already, which is for that to say.
  void listening(Kinds kinds);
  /// Only while the endpoint connected to is one of these.
  void connecting(Kinds kinds);

  std::vector<Setting> rows;

 private:
  Setting& push(Group group, std::string key, std::string placeholder, std::string expects, std::string meaning);
};

}  // namespace lastbyte::config
