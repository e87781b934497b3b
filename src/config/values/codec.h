// Reads settings from text and prints them: a Codec per kind of value, and combinators of codecs. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace lastbyte::config {

/// parse(print(value)) == value. The error of `parse` says what is wrong and what was expected, without the text.
template <typename Value>
struct Codec {
  std::string placeholder;  ///< "DURATION": for help and the manual
  std::string expects;      ///< "1ms to 365d"
  std::function<tl::expected<Value, std::string>(std::string_view)> parse;
  std::function<std::string(const Value&)> print;
};

/// The word for a value that is not set; a file needs it to undo what its defaults set.
inline constexpr std::string_view kNoneWord = "none";

/// "WRONG; expected WHAT": the form of an error message.
std::string expected(std::string_view wrong, std::string_view what);
/// Joins all of the words: "a, b or c".
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

/// Adds a word for one special value to `codec`: "auto" for 0 workers.
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

Codec<bool> bool_codec();

}  // namespace lastbyte::config
