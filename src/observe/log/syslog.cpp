#include "observe/log/syslog.h"

#include <fmt/format.h>

#include <algorithm>

#include "observe/record/moment.h"

namespace lastbyte::observe {
namespace {

constexpr std::size_t kLongestHost = 255;
constexpr std::size_t kLongestApplication = 48;
constexpr std::size_t kLongestProcess = 128;
constexpr std::size_t kLongestKind = 32;

/// Escapes '"', '\' and ']' (RFC 5424, 6.3.3), and line breaks, which would end the message.
std::string escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char each : value) {
    if (each == '"' || each == '\\' || each == ']') out += '\\';
    const auto byte = static_cast<unsigned char>(each);
    out += byte < ' ' || byte == 0x7f ? '?' : each;
  }
  return out;
}

std::string element(const StructuredData& data) {
  if (data.parameters.empty()) return "-";
  std::string out = fmt::format("[{}", data.id);
  for (const auto& [name, value] : data.parameters) out += fmt::format(R"( {}="{}")", name, escaped(value));
  return out + "]";
}

/// Cuts the text without splitting a character of UTF-8.
std::string_view cut(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return text;
  const auto continues = [](char each) { return (static_cast<unsigned char>(each) & 0xC0U) == 0x80U; };
  while (longest > 0 && continues(text[longest])) --longest;
  return text.substr(0, longest);
}

}  // namespace

std::string header_field(std::string_view name, std::size_t longest) {
  std::string out(name.substr(0, longest));
  std::ranges::replace_if(out, [](char each) { return each <= ' ' || each > '~'; }, '?');
  return out.empty() ? "-" : out;
}

std::string syslog_message(const SyslogOrigin& origin, const Line& line, std::size_t longest) {
  const std::string header = fmt::format(
      "<{}>1 {} {} {} {} {} ", origin.facility * 8U + static_cast<unsigned>(line.severity), moment_text(line.when),
      header_field(origin.host, kLongestHost), header_field(origin.application, kLongestApplication),
      header_field(origin.process, kLongestProcess), header_field(line.kind, kLongestKind));
  std::string data = element(line.data);
  if (header.size() + data.size() + 1 + line.text.size() > longest) data = "-";
  const std::size_t before = header.size() + data.size() + 1;
  const std::string_view text = cut(line.text, longest > before ? longest - before : 0);
  return header + data + ' ' + std::string(text);
}

}  // namespace lastbyte::observe
