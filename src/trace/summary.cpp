#include "trace/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.h"

namespace lastbyte::trace {
namespace {

constexpr std::size_t kRows = 10;
constexpr std::size_t kBar = 40;  // characters of the longest bar
constexpr std::array<std::string_view, Summary::kAgeEndsMs.size() + 1> kAgeNames{
    "below 1 ms", "below 10 ms", "below 100 ms", "below 1 s", "below 10 s", "below 1 min", "below 1 h", "1 h and more"};

using Row = std::pair<std::string, std::uint64_t>;

std::vector<Row> most_frequent(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<Row> rows(counts.begin(), counts.end());
  std::ranges::stable_sort(rows, [](const Row& a, const Row& b) { return a.second > b.second; });
  return rows;
}

void append_table(std::string& page, std::string_view heading, const std::map<std::string, std::uint64_t>& counts) {
  if (counts.empty()) return;
  page += fmt::format("\n{}\n", heading);
  const auto rows = most_frequent(counts);
  for (std::size_t at = 0; at < std::min(rows.size(), kRows); ++at)
    page += fmt::format("{:>10}  {}\n", rows[at].second, rows[at].first);
  if (rows.size() > kRows) page += fmt::format("{:>10}  more\n", rows.size() - kRows);
}

}  // namespace

void Summary::count(Counts& counts, const std::string& key) {
  const bool room = counts.size() < kMostKeys || counts.contains(key);
  ++counts[room ? key : "other"];
}

void Summary::add(const kernel::TcpEvent& event) {
  ++events_;
  std::string what(kernel::kind_text(event.kind));
  if (!event.reason.empty()) what += ", " + event.reason;
  count(reasons_, what);
  count(peers_, event.remote.ip_text());
  count(processes_, event.owner.pid == 0 ? "unknown" : printable(event.owner.comm));
  if (!event.age) {
    ++unknown_ages_;
    return;
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*event.age).count();
  const auto* const end = std::ranges::upper_bound(kAgeEndsMs, ms);
  ++ages_[static_cast<std::size_t>(end - kAgeEndsMs.begin())];
}

std::string Summary::as_text() const {
  std::string page = fmt::format("{} event{}\n", events_, events_ == 1 ? "" : "s");
  append_table(page, "By reason", reasons_);
  append_table(page, "By peer", peers_);
  append_table(page, "By process", processes_);
  if (events_ == 0) return page;
  page += "\nAge of the connection\n";
  const std::uint64_t longest = std::max<std::uint64_t>(1, *std::ranges::max_element(ages_));
  for (std::size_t at = 0; at < ages_.size(); ++at) {
    const std::string bar(static_cast<std::size_t>((ages_[at] * kBar + longest - 1) / longest), '#');
    page += fmt::format("{:>10}  {:<12}{}{}\n", ages_[at], kAgeNames[at], bar.empty() ? "" : "  ", bar);
  }
  if (unknown_ages_ > 0) page += fmt::format("{:>10}  unknown\n", unknown_ages_);
  return page;
}

std::string Summary::as_json() const {
  nlohmann::ordered_json object;
  object["events"] = events_;
  const auto table = [&](const char* name, const Counts& counts) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const auto& [key, number] : most_frequent(counts)) rows.push_back({{"name", key}, {"count", number}});
    object[name] = rows;
  };
  table("by_reason", reasons_);
  table("by_peer", peers_);
  table("by_process", processes_);
  nlohmann::ordered_json ages = nlohmann::ordered_json::array();
  for (std::size_t at = 0; at < ages_.size(); ++at)
    ages.push_back(
        {{"below_seconds", at < kAgeEndsMs.size() ? nlohmann::ordered_json(static_cast<double>(kAgeEndsMs[at]) / 1000)
                                                  : nlohmann::ordered_json()},
         {"count", ages_[at]}});
  object["ages"] = ages;
  object["unknown_ages"] = unknown_ages_;
  return object.dump();
}

}  // namespace lastbyte::trace
