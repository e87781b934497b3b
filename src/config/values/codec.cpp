#include "config/values/codec.h"

namespace lastbyte::config {

std::string expected(std::string_view wrong, std::string_view what) {
  return std::string(wrong) + "; expected " + std::string(what);
}

std::string either(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

Codec<bool> bool_codec() { return choice_codec<bool>("true|false", {{"true", true}, {"false", false}}); }

}  // namespace lastbyte::config
