#include "console/reading.h"

#include <algorithm>
#include <unordered_map>

#include "console/answer.h"

namespace lastbyte::console {
namespace {

using Json = nlohmann::json;

std::optional<std::int64_t> time_or_none(const Json& value) {
  return value.is_number() ? std::optional(microseconds_of(value)) : std::nullopt;
}

ForwardingReading forwarding_of(const Json& json) {
  ForwardingReading forwarding;
  forwarding.begun = json.at("sessions_begun");
  forwarding.ended = json.at("sessions_ended").get<std::map<std::string, std::uint64_t>>();
  forwarding.received = {json.at("received_bytes").at("client"), json.at("received_bytes").at("upstream")};
  return forwarding;
}

SessionReading session_of(const Json& json) {
  const Json& client = json.at("flows").at("client");
  const Json& upstream = json.at("flows").at("upstream");
  SessionReading session;
  session.id = json.at("id");
  session.forwarding = json.at("forwarding");
  session.state = json.at("state");
  session.client = text_or_dash(json.at("client"));
  session.upstream = text_or_dash(json.at("upstream"));
  session.age_us = microseconds_of(json.at("age_us"));
  session.idle_us = microseconds_of(json.at("idle_us"));
  session.half_close_age_us = time_or_none(json.at("half_close_age_us"));
  session.deadline = json.at("deadline");
  session.fires_in_us = time_or_none(json.at("fires_in_us"));
  session.received = {client.at("received"), upstream.at("received")};
  session.unacknowledged =
      client.at("unacknowledged").get<std::uint64_t>() + upstream.at("unacknowledged").get<std::uint64_t>();
  return session;
}

double grown(std::uint64_t before, std::uint64_t now) { return now > before ? static_cast<double>(now - before) : 0; }

}  // namespace

Result<StatusReading> parse_status(const std::string& json) {
  return made_of(json, "/v1/status", [](const Json& answer) {
    StatusReading status;
    status.version = answer.at("version");
    status.pid = answer.at("pid");
    status.instance = answer.at("instance");
    status.uptime_us = microseconds_of(answer.at("uptime_us"));
    status.ready = answer.at("ready");
    if (answer.contains("reason")) status.reason = answer.at("reason");
    for (const Json& each : answer.at("workers")) status.open += each.at("sessions").get<std::uint64_t>();
    for (const Json& each : answer.at("forwardings")) status.forwardings[each.at("name")] = forwarding_of(each);
    return status;
  });
}

Result<SessionsReading> parse_sessions(const std::string& json) {
  return made_of(json, "/v1/sessions", [](const Json& answer) {
    SessionsReading reading;
    reading.instance = answer.at("instance");
    reading.matched = answer.at("matched");
    for (const Json& each : answer.at("sessions")) reading.sessions.push_back(session_of(each));
    return reading;
  });
}

std::optional<Rates> rates(const StatusReading& before, const StatusReading& now) {
  if (before.instance != now.instance || now.uptime_us <= before.uptime_us) return std::nullopt;
  const double seconds = static_cast<double>(now.uptime_us - before.uptime_us) / 1e6;
  Rates rates;
  std::map<std::string, double> endings;
  for (const auto& [name, is] : now.forwardings) {
    const auto found = before.forwardings.find(name);
    if (found == before.forwardings.end()) continue;
    const ForwardingReading& was = found->second;
    rates.begun += grown(was.begun, is.begun) / seconds;
    for (std::size_t side = 0; side < is.received.size(); ++side)
      rates.bytes[side] += grown(was.received[side], is.received[side]) / seconds;
    for (const auto& [ending, count] : is.ended) {
      const auto counted = was.ended.find(ending);
      const double rate = grown(counted == was.ended.end() ? 0 : counted->second, count) / seconds;
      if (rate > 0) endings[ending] += rate;
      rates.ended += rate;
    }
  }
  rates.endings.assign(endings.begin(), endings.end());
  std::ranges::sort(rates.endings, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return rates;
}

std::vector<SessionRow> rows_of(SessionsReading now, const std::vector<SessionRow>* before, std::int64_t elapsed_us) {
  std::unordered_map<std::uint64_t, const SessionReading*> known;
  if (before != nullptr)
    for (const SessionRow& each : *before) known.emplace(each.session.id, &each.session);
  std::vector<SessionRow> rows;
  rows.reserve(now.sessions.size());
  for (SessionReading& session : now.sessions) {
    SessionRow row;
    const auto found = known.find(session.id);
    static const SessionReading kUnborn;
    const SessionReading* was = found == known.end() ? nullptr : found->second;
    if (was == nullptr && before != nullptr && session.age_us <= elapsed_us) was = &kUnborn;
    // The session's own age is the clock, so the time that the answer took does not matter.
    if (was != nullptr && session.age_us > was->age_us) {
      const double seconds = static_cast<double>(session.age_us - was->age_us) / 1e6;
      row.rate = {grown(was->received[0], session.received[0]) / seconds,
                  grown(was->received[1], session.received[1]) / seconds};
    }
    row.session = std::move(session);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace lastbyte::console
