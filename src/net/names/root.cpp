#include "net/names/root.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "net/names/namespace.h"

namespace lastbyte::net {
namespace {

constexpr std::string_view kExpectedRoot = "expected a path, pid:NUMBER, pidfd:NUMBER or none";

/// One component of a path, and the offset of the text after it.
struct Component {
  std::string_view text;
  std::size_t end = 0;
};

/// Leaves out empty components and ".".
std::vector<Component> components(std::string_view path) {
  std::vector<Component> all;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view text = path.substr(begin, end - begin);
    if (!text.empty() && text != ".") all.push_back({text, end});
    begin = end + 1;
  }
  return all;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// How many of the components name a directory of another process; 0: they name none.
std::size_t count_of_process(const std::vector<Component>& all) {
  std::size_t at = 0;
  const auto is = [&](std::string_view text) { return at < all.size() && all[at].text == text; };
  const auto number = [&] { return at < all.size() && is_number(all[at].text); };
  if (!is("proc")) return 0;
  ++at;
  if (!number()) return 0;
  ++at;
  if (is("task")) {
    ++at;
    if (!number()) return 0;
    ++at;
  }
  if (is("root") || is("cwd")) return at + 1;
  if (!is("fd")) return 0;
  ++at;
  return number() ? at + 1 : 0;
}

}  // namespace

tl::expected<RootName, std::string> RootName::parse(std::string_view text) {
  const auto parsed = NamespaceName::parse(text);
  const bool is_process = text.starts_with("pid:") || text.starts_with("pidfd:");
  if (!parsed) return tl::unexpected(is_process ? parsed.error() : std::string(kExpectedRoot));
  switch (parsed->kind) {
    case NamespaceName::Kind::own: return RootName{};
    case NamespaceName::Kind::path: return RootName{Kind::path, parsed->path, 0};
    case NamespaceName::Kind::pid: return RootName{Kind::pid, {}, parsed->number};
    case NamespaceName::Kind::pidfd: return RootName{Kind::pidfd, {}, parsed->number};
    case NamespaceName::Kind::name: break;
  }
  return tl::unexpected(std::string(kExpectedRoot));
}

std::string RootName::text() const {
  switch (kind) {
    case Kind::own: return "none";
    case Kind::path: return path;
    case Kind::pid: return "pid:" + std::to_string(number);
    case Kind::pidfd: return "pidfd:" + std::to_string(number);
  }
  return {};
}

std::optional<PathInRoot> through_process(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  const auto all = components(path);
  const std::size_t count = count_of_process(all);
  if (count == 0 || count == all.size()) return std::nullopt;
  std::string directory;
  for (std::size_t each = 0; each < count; ++each) directory += "/" + std::string(all[each].text);
  std::string rest(path.substr(all[count - 1].end));
  const bool is_root = count == 3 && all[2].text == "root";
  const auto name = is_root ? RootName::parse("pid:" + std::string(all[1].text)) : RootName::parse(directory);
  return PathInRoot{name ? *name : RootName{RootName::Kind::path, directory, 0}, std::move(rest)};
}

}  // namespace lastbyte::net
