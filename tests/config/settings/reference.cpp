#include "tests/config/settings/reference.h"

#include <algorithm>
#include <vector>

namespace lastbyte::config {

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// A sentence a line, as mdoc wants it, and no line over `width`.
std::string sentences(const std::string& text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (column != 0 && column + 1 + word.size() > width) {
      lines += '\n';
      column = 0;
    } else if (column != 0) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
    if (word.ends_with('.') && end < text.size()) {
      lines += '\n';
      column = 0;
    }
    begin = end + 1;
  }
  return lines;
}

std::string standard(const Setting& setting) { return setting.required ? "required" : setting.standard; }

}  // namespace

std::string markdown(Heading heading) {
  std::vector<const Setting*> rows;
  for (const Setting& setting : settings())
    if (setting.heading == heading) rows.push_back(&setting);
  const bool flags = std::ranges::any_of(rows, [](const Setting* row) { return !row->flag.empty(); });
  std::string text = flags ? "| key | flag | value | default | meaning |\n|---|---|---|---|---|\n"
                           : "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const Setting* row : rows) {
    text += "| `" + row->key + "` | " + (flags ? "`--" + row->flag + "` | " : "") + replaced(row->expects, "|", "\\|") +
            " | " + standard(*row) + " | " + replaced(row->meaning, "|", "\\|") + " |\n";
  }
  return text;
}

std::string mdoc(Heading heading) {
  std::string text = ".Bl -tag -width Ds\n";
  for (const Setting& setting : settings()) {
    if (setting.heading != heading) continue;
    text += setting.flag.empty() ? ".It Sy " + setting.key + " : Ar " + setting.placeholder + "\n"
                                 : ".It Fl -" + setting.flag + " Ar " + setting.placeholder + "\n";
    const std::string in_file = setting.flag.empty() ? "" : "; in a file: " + setting.key;
    text += sentences(setting.meaning + " Expects " + setting.expects + ". " +
                          (setting.required ? "Required" : "Default: " + setting.standard) + in_file + ".",
                      78) +
            "\n";
  }
  return text + ".El\n";
}

}  // namespace lastbyte::config
