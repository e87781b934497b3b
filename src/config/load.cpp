// The public ways in, and the words of problems.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"
#include "base/result.h"
#include "config/draft.h"

namespace lastbyte::config {

namespace {

constexpr std::size_t kLargestFile = 16UL << 20;

Result<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failure_from_errno("open " + path);
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure_from_errno("read " + path);
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargestFile) return failure("read " + path, 0, "larger than 16M; expected a configuration");
  }
}

}  // namespace

std::string Origin::text() const {
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::text() const { return where.text() + ": " + what; }

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 120;
  std::string shown = "'";
  for (const char c : text.substr(0, longest)) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    shown += control ? '?' : c;
  }
  if (text.size() > longest) shown += "...";
  return shown + "'";
}

std::string about(const Setting& setting, const Origin& where) { return where.line == 0 ? "" : setting.key + ": "; }

Loaded load_yaml(std::string_view text, const std::string& name, const std::vector<Flag>& overrides) {
  Draft draft = read_yaml(text, name);
  add_overrides(draft, overrides);
  return assemble(std::move(draft));
}

Loaded load_file(const std::string& path, const std::vector<Flag>& overrides) {
  const Result<std::string> text = read_file(path);
  if (!text) return {.config = std::nullopt, .problems = {{{"--config", 0, 0}, text.error().text()}}};
  return load_yaml(*text, path, overrides);
}

Loaded load_flags(const std::vector<Flag>& flags) { return assemble(read_flags(flags)); }

}  // namespace lastbyte::config
