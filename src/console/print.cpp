#include "console/print.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>

namespace lastbyte::console {
namespace {

using Json = nlohmann::json;

std::string span(std::int64_t microseconds) {
  const double seconds = static_cast<double>(microseconds) / 1e6;
  if (microseconds < 1'000) return fmt::format("{}us", microseconds);
  if (seconds < 1) return fmt::format("{:.0f}ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.1f}s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f}m", seconds / 60);
  if (seconds < 172'800) return fmt::format("{:.0f}h", seconds / 3600);
  return fmt::format("{:.0f}d", seconds / 86'400);
}

std::string bytes(std::uint64_t count) {
  double value = static_cast<double>(count);
  for (const char* unit : {"", "k", "M", "G", "T"}) {
    if (value < 10 && *unit != 0) return fmt::format("{:.1f}{}", value, unit);
    if (value < 1024) return fmt::format("{:.0f}{}", value, unit);
    value /= 1024;
  }
  return fmt::format("{:.0f}P", value);
}

std::uint64_t sum(const Json& object) {
  std::uint64_t sum = 0;
  for (const auto& each : object.items()) sum += each.value().get<std::uint64_t>();
  return sum;
}

std::string text_or_dash(const Json& value) { return value.is_string() ? value.get<std::string>() : "-"; }

void append_forwardings(std::string& out, const Json& status) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "\n{:<24} {:<9} {:>8} {:>10} {:>10} {:>9} {:>9} {:>8}\n", "FORWARDING", "STATE", "OPEN", "ENDED",
                 "COMPLETE", "RECEIVED", "SENT BACK", "LOST");
  for (const Json& each : status["forwardings"]) {
    const Json& lost = each["lost_bytes"];
    fmt::format_to(to, "{:<24} {:<9} {:>8} {:>10} {:>10} {:>9} {:>9} {:>8}\n", each["name"].get<std::string>(),
                   each["state"].get<std::string>(), sum(each["sessions"]), sum(each["sessions_ended"]),
                   each["sessions_ended"]["complete"].get<std::uint64_t>(), bytes(each["received_bytes"]["client"]),
                   bytes(each["received_bytes"]["upstream"]),
                   bytes(lost["client"].get<std::uint64_t>() + lost["upstream"].get<std::uint64_t>()));
  }
}

void append_members(std::string& out, const Json& status) {
  if (status["groups"].empty()) return;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "\n{:<16} {:<32} {:<9} {:>8}  {}\n", "GROUP", "MEMBER", "STATE", "SESSIONS", "REASON");
  for (const Json& group : status["groups"])
    for (const Json& member : group["members"])
      fmt::format_to(to, "{:<16} {:<32} {:<9} {:>8}  {}\n", group["name"].get<std::string>(),
                     member["name"].get<std::string>(), member["state"].get<std::string>(),
                     member["sessions"].get<std::uint64_t>(), member["reason"].get<std::string>());
}

void append_ports(std::string& out, const Json& status) {
  if (status["ports"].empty()) return;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "\n{:<40} {:>8} {:>9} {:>10}\n", "LOCAL PORTS TOWARDS", "IN USE", "TIME_WAIT", "AVAILABLE");
  for (const Json& each : status["ports"])
    fmt::format_to(to, "{:<40} {:>8} {:>9} {:>10}\n", each["destination"].get<std::string>(),
                   each["in_use"].get<std::uint64_t>(), each["time_wait"].get<std::uint64_t>(),
                   each["available"].get<std::uint64_t>());
}

/// Runs `make` with the parsed text; what is not as expected gives an empty string.
template <typename Make>
std::string made_of(const std::string& text, Make make) {
  try {
    return make(Json::parse(text));
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace

std::string status_text(const std::string& json) {
  return made_of(json, [](const Json& status) {
    std::uint64_t open = 0;
    for (const Json& each : status["workers"]) open += each["sessions"].get<std::uint64_t>();
    std::string out = fmt::format("lastbyte {}, process {}, up {}: {}\n", status["version"].get<std::string>(),
                                  status["pid"].get<std::int64_t>(), span(status["uptime_us"]),
                                  status["ready"].get<bool>() ? "ready" : "not ready");
    auto to = std::back_inserter(out);
    fmt::format_to(to, "{} open sessions, {} workers, {} dropped records\n", open, status["workers"].size(),
                   status["dropped_records"].get<std::uint64_t>());
    const Json& configuration = status["configuration"];
    if (configuration["successful"].get<bool>()) {
      fmt::format_to(to, "configuration of {}\n", configuration["loaded"].get<std::string>());
    } else {
      fmt::format_to(to, "{}\n", text_or_dash(configuration["error"]));
    }
    append_forwardings(out, status);
    append_members(out, status);
    append_ports(out, status);
    return out;
  });
}

bool is_healthy(const std::string& json) {
  return !made_of(json, [](const Json& status) {
            const bool healthy = status["ready"].get<bool>() && status["configuration"]["successful"].get<bool>() &&
                                 status["dropped_records"].get<std::uint64_t>() == 0;
            return std::string(healthy ? "yes" : "");
          }).empty();
}

std::string sessions_text(const std::string& json) {
  return made_of(json, [](const Json& page) {
    std::string out =
        fmt::format("{:>8} {:<16} {:<11} {:>6} {:>6} {:>23} {:>7} {:<10} {:>23} {:>7} {:<10} {}\n", "ID", "FORWARDING",
                    "STATE", "AGE", "IDLE", "CLIENT", "BYTES", "FLOW", "UPSTREAM", "BYTES", "FLOW", "DEADLINE");
    auto to = std::back_inserter(out);
    for (const Json& each : page["sessions"]) {
      const Json& client = each["flows"]["client"];
      const Json& upstream = each["flows"]["upstream"];
      std::string deadline = each["deadline"];
      if (each["fires_in_us"].is_number()) deadline += " in " + span(each["fires_in_us"]);
      fmt::format_to(to, "{:>8} {:<16} {:<11} {:>6} {:>6} {:>23} {:>7} {:<10} {:>23} {:>7} {:<10} {}\n",
                     each["id"].get<std::uint64_t>(), each["forwarding"].get<std::string>(),
                     each["state"].get<std::string>(), span(each["age_us"]), span(each["idle_us"]),
                     text_or_dash(each["client"]), bytes(client["received"]), client["state"].get<std::string>(),
                     text_or_dash(each["upstream"]), bytes(upstream["received"]), upstream["state"].get<std::string>(),
                     deadline);
    }
    const auto matched = page["matched"].get<std::size_t>();
    if (matched > page["sessions"].size())
      fmt::format_to(to, "{} of {} sessions; --limit shows more\n", page["sessions"].size(), matched);
    return out;
  });
}

std::string error_text(const std::string& json) {
  const std::string error = made_of(json, [](const Json& answer) { return answer["error"].get<std::string>(); });
  return error.empty() ? json : error;
}

}  // namespace lastbyte::console
