#include "proxy/listen/trouble.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>

namespace lastbyte::proxy {
namespace {

/// One line. Lines without a place come last.
struct Line {
  config::Origin where;
  observe::Statement statement;
  std::size_t more = 0;  ///< number of further troubles of the same kind
};

auto order(const Line& line) { return std::tuple(line.where.line == 0, line.where.line, line.where.column); }

}  // namespace

Trouble trouble_of(const relay::Forwarding& forwarding, std::string key, Error error, std::size_t index) {
  error.operation = "forwarding '" + forwarding.name + "': " + error.operation;
  return {forwarding.name, std::move(key), std::move(error), index};
}

Trouble trouble_of_member(const std::string& group, std::size_t member, Error error) {
  error.operation = "group '" + group + "': " + error.operation;
  return {{}, "connect", std::move(error), member, group};
}

Trouble trouble_of_process(Error error) { return {{}, {}, std::move(error)}; }

bool may_pass(const Trouble& trouble) {
  switch (trouble.error.code) {
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case ENODEV:
    case ENOENT: return !trouble.forwarding.empty() || !trouble.group.empty();
    default: return false;
  }
}

std::vector<observe::Statement> statements(const Troubles& troubles, const config::Places& places) {
  std::vector<Line> lines;
  std::map<std::tuple<std::string, std::string, std::string, std::size_t, int>, std::size_t> known;
  for (const Trouble& each : troubles) {
    const auto [line, is_new] =
        known.try_emplace({each.forwarding, each.group, each.key, each.index, each.error.code}, lines.size());
    if (is_new) {
      const auto where = each.group.empty() ? places.of(each.forwarding, each.key, each.index)
                                            : places.of_member(each.group, each.index);
      lines.push_back({where.value_or(config::Origin()),
                       {.text = each.error.text(), .forwarding = each.forwarding, .setting = each.key}});
    } else {
      ++lines[line->second].more;
    }
  }
  std::ranges::stable_sort(lines, {}, order);
  std::vector<observe::Statement> out;
  for (Line& line : lines) {
    if (!line.where.source.empty()) line.statement.place = line.where.text();
    if (line.more != 0)
      line.statement.text += " (the same for " + std::to_string(line.more) + " more of its addresses or ports)";
    out.push_back(std::move(line.statement));
  }
  return out;
}

observe::Statement statement_of(const config::Problem& problem) {
  return {.text = problem.what, .place = problem.where.text()};
}

}  // namespace lastbyte::proxy
