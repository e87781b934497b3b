#include "launchers/form.h"

#include <algorithm>
#include <cctype>

namespace lastbyte::launchers {

bool Form::mentions(std::string_view placeholder) const {
  const std::string wanted = "{" + std::string(placeholder) + "}";
  const auto in = [&](const std::string& text) { return text.find(wanted) != std::string::npos; };
  return in(config) || std::ranges::any_of(command, in);
}

std::string fill_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string placeholder = "{" + name + "}";
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + value.size()))
      text.replace(at, placeholder.size(), value);
  }
  return text;
}

Result<std::vector<std::string>> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (quote == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
      words.back() += text[++at];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return failure("command '" + text + "'", 0, std::string("a ") + quote + " is not closed");
  return words;
}

}  // namespace lastbyte::launchers
