#include "console/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "console/answer.h"
#include "console/text.h"

namespace lastbyte::console {
namespace {

using Json = nlohmann::json;

std::uint64_t sum(const Json& object) {
  std::uint64_t sum = 0;
  for (const auto& each : object.items()) sum += each.value().get<std::uint64_t>();
  return sum;
}

/// A table with headings. Each column is as wide as its widest cell.
class Table {
 public:
  struct Heading {
    std::string_view title;
    Align align = Align::left;
  };
  explicit Table(std::vector<Heading> headings) : headings_(std::move(headings)) {
    for (const Heading& each : headings_) widths_.push_back(each.title.size());
  }

  void add(std::vector<std::string> cells) {
    for (std::size_t index = 0; index < cells.size(); ++index) {
      cells[index] = shown(cells[index]);
      widths_[index] = std::max(widths_[index], columns_of(cells[index]));
    }
    rows_.push_back(std::move(cells));
  }

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text() const {
    std::vector<std::string> titles;
    for (const Heading& each : headings_) titles.emplace_back(each.title);
    std::string out = line(titles);
    for (const auto& row : rows_) out += line(row);
    return out;
  }

 private:
  [[nodiscard]] std::string line(const std::vector<std::string>& cells) const {
    std::string out;
    for (std::size_t index = 0; index < cells.size(); ++index)
      out += (index == 0 ? "" : "  ") + fitted(cells[index], widths_[index], headings_[index].align);
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
  }

  std::vector<Heading> headings_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::string number_text(const Json& value) { return std::to_string(value.get<std::uint64_t>()); }
std::string bytes_text(const Json& value) { return bytes(value.get<double>()); }

std::string forwardings_text(const Json& status) {
  Table table({{"FORWARDING"},
               {"STATE"},
               {"OPEN", Align::right},
               {"ENDED", Align::right},
               {"COMPLETE", Align::right},
               {"FROM CLIENTS", Align::right},
               {"FROM UPSTREAMS", Align::right},
               {"LOST", Align::right}});
  for (const Json& each : status.at("forwardings")) {
    const Json& received = each.at("received_bytes");
    const Json& lost = each.at("lost_bytes");
    table.add({each.at("name"), each.at("state"), std::to_string(sum(each.at("sessions"))),
               std::to_string(sum(each.at("sessions_ended"))), number_text(each.at("sessions_ended").at("complete")),
               bytes_text(received.at("client")), bytes_text(received.at("upstream")),
               bytes(lost.at("client").get<double>() + lost.at("upstream").get<double>())});
  }
  return table.empty() ? "" : "\n" + table.text();
}

std::string members_text(const Json& status) {
  Table table({{"GROUP"}, {"MEMBER"}, {"STATE"}, {"SESSIONS", Align::right}, {"REASON"}});
  for (const Json& group : status.at("groups"))
    for (const Json& member : group.at("members"))
      table.add({group.at("name"), member.at("name"), member.at("state"), number_text(member.at("sessions")),
                 member.at("reason")});
  return table.empty() ? "" : "\n" + table.text();
}

std::string ports_text(const Json& status) {
  Table table(
      {{"LOCAL PORTS TOWARDS"}, {"IN USE", Align::right}, {"TIME_WAIT", Align::right}, {"AVAILABLE", Align::right}});
  for (const Json& each : status.at("ports"))
    table.add({each.at("destination"), number_text(each.at("in_use")), number_text(each.at("time_wait")),
               number_text(each.at("available"))});
  return table.empty() ? "" : "\n" + table.text();
}

std::vector<std::string> problems_of(const Json& status) {
  std::vector<std::string> problems;
  if (!status.at("ready").get<bool>()) problems.push_back("not ready: " + status.value("reason", std::string("-")));
  const Json& configuration = status.at("configuration");
  if (!configuration.at("successful").get<bool>())
    problems.push_back("the last reload failed: " + text_or_dash(configuration.at("error")));
  if (const auto dropped = status.at("dropped_records").get<std::uint64_t>(); dropped > 0)
    problems.push_back(
        fmt::format("{} session record{} dropped since the start", dropped, dropped == 1 ? " was" : "s were"));
  for (const Json& group : status.at("groups")) {
    const Json& members = group.at("members");
    if (std::ranges::none_of(members, [](const Json& each) { return each.at("state") == "up"; }))
      problems.push_back("no member of the group " + group.at("name").get<std::string>() + " is up");
  }
  for (std::string& each : problems) each = shown(each);
  return problems;
}

std::string heading_of(const Json& status) {
  std::uint64_t open = 0;
  for (const Json& each : status.at("workers")) open += each.at("sessions").get<std::uint64_t>();
  return fmt::format(
      "lastbyte {}, process {}, instance {}, up {}: {}\n{} open session{}, {} worker{}, configuration of {}\n",
      shown(status.at("version").get<std::string>()), status.at("pid").get<std::int64_t>(),
      shown(status.at("instance").get<std::string>()), span(status.at("uptime_us")),
      status.at("ready").get<bool>() ? "ready" : "not ready", open, open == 1 ? "" : "s", status.at("workers").size(),
      status.at("workers").size() == 1 ? "" : "s", shown(status.at("configuration").at("loaded").get<std::string>()));
}

}  // namespace

Result<StatusText> status_text(const std::string& json) {
  return made_of(json, "/v1/status", [](const Json& status) {
    StatusText made{.text = heading_of(status), .problems = problems_of(status)};
    for (const std::string& each : made.problems) made.text += "problem: " + each + "\n";
    made.text += forwardings_text(status) + members_text(status) + ports_text(status);
    return made;
  });
}

Result<std::string> sessions_text(const std::string& json) {
  return made_of(json, "/v1/sessions", [](const Json& page) {
    Table table({{"ID", Align::right},
                 {"FORWARDING"},
                 {"STATE"},
                 {"AGE", Align::right},
                 {"IDLE", Align::right},
                 {"CLIENT"},
                 {"BYTES", Align::right},
                 {"FLOW"},
                 {"UPSTREAM"},
                 {"BYTES", Align::right},
                 {"FLOW"},
                 {"DEADLINE"}});
    for (const Json& each : page.at("sessions")) {
      const Json& client = each.at("flows").at("client");
      const Json& upstream = each.at("flows").at("upstream");
      std::string deadline = each.at("deadline");
      if (each.at("fires_in_us").is_number()) deadline += " in " + span(each.at("fires_in_us"));
      table.add({number_text(each.at("id")), each.at("forwarding"), each.at("state"), span(each.at("age_us")),
                 span(each.at("idle_us")), text_or_dash(each.at("client")), bytes_text(client.at("received")),
                 client.at("state"), text_or_dash(each.at("upstream")), bytes_text(upstream.at("received")),
                 upstream.at("state"), deadline});
    }
    std::string out = table.text();
    const auto matched = page.at("matched").get<std::size_t>();
    if (matched > page.at("sessions").size())
      out += fmt::format("{} of {} sessions; --limit (at most 5000) and --offset show others\n",
                         page.at("sessions").size(), matched);
    return out;
  });
}

std::string error_text(const std::string& json) {
  constexpr std::size_t kLongest = 300;
  const auto error =
      made_of(json, "an error", [](const Json& answer) { return answer.at("error").get<std::string>(); });
  return shown(error ? *error : json.substr(0, kLongest));
}

}  // namespace lastbyte::console
