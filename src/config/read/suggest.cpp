#include "config/read/suggest.h"

#include <algorithm>

namespace lastbyte::config {

namespace {

/// Counts the insertions, deletions, replacements and swaps of neighbours from `a` to `b` (optimal string alignment).
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::optional<std::string> shortest_ending(std::string_view wrong, const std::vector<std::string>& known) {
  const std::string_view end = wrong.substr(std::min(wrong.find_first_not_of('-'), wrong.size()));
  if (end.empty()) return std::nullopt;
  const std::string* best = nullptr;
  for (const std::string& word : known) {
    if (word.size() <= end.size() + 1 || !word.ends_with(end)) continue;
    const char before = word[word.size() - end.size() - 1];
    const bool is_part = before == '.' || (before == '-' && word[word.size() - end.size() - 2] != '-');
    if (is_part && (best == nullptr || word.size() < best->size())) best = &word;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace

std::optional<std::string> nearest(std::string_view wrong, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;  // the cost is quadratic, and no key is that long
  if (wrong.size() > longest) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(1, wrong.size() / 3) + 1;
  for (const std::string& word : known) {
    const std::size_t cost = edits(wrong, word);
    if (cost < least) {
      least = cost;
      best = &word;
    }
  }
  if (best == nullptr) return shortest_ending(wrong, known);
  return *best;
}

}  // namespace lastbyte::config
