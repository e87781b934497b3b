// How values are read from text and written back: one Codec a kind of value. Pure.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "net/address/cidr.h"
#include "net/address/endpoint.h"
#include "net/names/namespace.h"
#include "net/names/root.h"

namespace lastbyte::config {

/// parse(print(value)) == value. The error of `parse` says what is wrong and what was expected, without the text.
template <typename Value>
struct Codec {
  std::string placeholder;  ///< "DURATION": for help and manual
  std::string expects;      ///< "1ms to 365d"
  std::function<tl::expected<Value, std::string>(std::string_view)> parse;
  std::function<std::string(const Value&)> print;
};

/// The word for a value that is not set; a file needs it to take back what its defaults set.
inline constexpr std::string_view kNoneWord = "none";

Codec<Duration> duration_codec(Duration least, Duration most);
/// For options that the kernel takes in whole seconds.
Codec<std::chrono::seconds> seconds_codec(std::chrono::seconds least, std::chrono::seconds most);
Codec<int> size_codec(int least, int most);
Codec<bool> bool_codec();
Codec<std::uint32_t> mark_codec();
Codec<net::Endpoint> endpoint_codec(net::EndpointUse use);
Codec<net::NamespaceName> netns_codec();
Codec<net::RootName> root_codec();
/// "10.0.0.0/8", "::1".
Codec<net::Cidr> network_codec();
/// "0660": permission bits of a file.
Codec<std::uint32_t> file_mode_codec();
/// "10.0.0.1", "10.0.0.1:4000", "::1", "[::1]:4000".
Codec<net::Address> source_codec();

/// Free text of printable ASCII without spaces, not longer than `longest`, or the word `none` for the empty one.
Codec<std::string> word_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> word_or_none_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> interface_codec();
Codec<std::string> log_target_codec();

/// The reading half of count_codec(), for the widest type.
tl::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most);

template <std::integral Value>
Codec<Value> count_codec(Value least, Value most) {
  const auto from = static_cast<std::uint64_t>(least);
  const auto to = static_cast<std::uint64_t>(most);
  return {.placeholder = "COUNT",
          .expects = std::to_string(least) + " to " + std::to_string(most),
          .parse =
              [from, to](std::string_view text) {
                return parse_count(text, from, to).map([](std::uint64_t count) { return static_cast<Value>(count); });
              },
          .print = [](const Value& value) { return std::to_string(value); }};
}

/// "a, b or c", from all of the words.
std::string either(const std::vector<std::string>& words);

template <typename Value>
Codec<Value> choice_codec(const std::string& placeholder, const std::vector<std::pair<std::string, Value>>& choices) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, value] : choices) words.push_back(word);
  std::string expects = either(words);
  return {.placeholder = placeholder,
          .expects = expects,
          .parse = [choices, expects](std::string_view text) -> tl::expected<Value, std::string> {
            for (const auto& [word, value] : choices) {
              if (word == text) return value;
            }
            return tl::unexpected("expected " + expects);
          },
          .print =
              [choices](const Value& wanted) {
                for (const auto& [word, value] : choices) {
                  if (value == wanted) return word;
                }
                return std::string("?");
              }};
}

/// `absent`, the word for one special value, on top of what `codec` knows: "auto" for 0 workers.
template <typename Value>
Codec<Value> with_word(const Codec<Value>& codec, const std::string& word, const Value& special) {
  const std::string expects = codec.expects + ", or " + word;
  return {.placeholder = codec.placeholder,
          .expects = expects,
          .parse = [codec, word, special](std::string_view text) -> tl::expected<Value, std::string> {
            if (text == word) return special;
            return codec.parse(text).map_error([&](const std::string& wrong) { return wrong + ", or " + word; });
          },
          .print = [codec, word, special](const Value& value) { return value == special ? word : codec.print(value); }};
}

template <typename Value>
Codec<std::optional<Value>> or_none(const Codec<Value>& codec) {
  const std::string word(kNoneWord);
  return {.placeholder = codec.placeholder,
          .expects = codec.expects + ", or " + word,
          .parse = [codec, word](std::string_view text) -> tl::expected<std::optional<Value>, std::string> {
            if (text == word) return std::optional<Value>();
            return codec.parse(text)
                .map([](const Value& value) { return std::optional<Value>(value); })
                .map_error([&](const std::string& wrong) { return wrong + ", or " + word; });
          },
          .print = [codec, word](const std::optional<Value>& value) { return value ? codec.print(*value) : word; }};
}

}  // namespace lastbyte::config
