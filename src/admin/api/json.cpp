#include "admin/api/json.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "observe/record/moment.h"
#include "observe/record/text.h"

namespace lastbyte::admin {
namespace {

using Json = nlohmann::ordered_json;
using observe::ForwardingSnapshot;
using relay::Family;
using relay::Timing;
using std::chrono::microseconds;

/// Replaces invalid UTF-8: names and addresses may have any bytes.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string text(WallTime at) { return observe::moment_text(at); }

WallTime wall(double seconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
}

Json optional_us(const std::optional<microseconds>& time) { return time ? Json(time->count()) : Json(nullptr); }

Json address(const net::Address& address) { return address.none() ? Json(nullptr) : Json(address.text()); }

/// Sums the cells of each side over all other labels.
Json sides(const ForwardingSnapshot& figures, Family family) {
  const auto cells = figures.of(family);
  const auto half = static_cast<std::ptrdiff_t>(cells.size() / 2);
  return {{"client", std::accumulate(cells.begin(), cells.begin() + half, std::uint64_t{0})},
          {"upstream", std::accumulate(cells.begin() + half, cells.end(), std::uint64_t{0})}};
}

Json by_word(std::span<const std::uint64_t> cells, std::span<const std::string_view> words) {
  Json object = Json::object();
  for (std::size_t index = 0; index < words.size(); ++index) object[std::string(words[index])] = cells[index];
  return object;
}

Json histogram(const ForwardingSnapshot& figures, Timing timing) {
  const auto& times = figures.of(timing);
  return {{"bounds", relay::kTimings[static_cast<std::size_t>(timing)].bounds},
          {"counts", times.buckets},
          {"sum", static_cast<double>(times.sum_us) / 1e6}};
}

std::string_view word(Change state) {
  switch (state) {
    case Change::enable: return "enabled";
    case Change::drain: return "draining";
    case Change::disable: return "disabled";
  }
  return "?";
}

Json forwarding(const ForwardingFacts& facts, const ForwardingSnapshot& figures) {
  std::array<std::uint64_t, relay::kEndingWords.size()> ended{};
  for (const auto& member : figures.members)
    for (std::size_t index = 0; index < ended.size(); ++index) ended[index] += member.ended[index];
  return {{"name", facts.name},
          {"listen", facts.listen},
          {"connect", facts.connect},
          {"transport", facts.transport},
          {"state", word(facts.state)},
          {"sessions", by_word(figures.of(Family::sessions), relay::kPhaseWords)},
          {"sessions_begun", figures.of(Family::begun)[0]},
          {"sessions_ended", by_word(ended, relay::kEndingWords)},
          {"received_bytes", sides(figures, Family::received_bytes)},
          {"delivered_bytes", sides(figures, Family::delivered_bytes)},
          {"lost_bytes", sides(figures, Family::lost_bytes)},
          {"discarded_bytes", sides(figures, Family::discarded_bytes)},
          {"rescued_bytes", sides(figures, Family::rescued_bytes)},
          {"resets_received", sides(figures, Family::resets_received)},
          {"resets_sent", sides(figures, Family::resets_sent)},
          {"retries", figures.of(Family::retries)[0]},
          {"denied", figures.of(Family::refused_clients)[0]},
          {"clients_refused", by_word(figures.of(Family::refused_clients), relay::kRefusalWords)},
          {"datagrams_received", sides(figures, Family::datagrams_received)},
          {"datagrams_dropped", sides(figures, Family::datagrams_dropped)},
          {"connect_seconds", histogram(figures, Timing::connect)},
          {"first_byte_seconds", histogram(figures, Timing::first_byte)},
          {"duration_seconds", histogram(figures, Timing::duration)}};
}

Json forwardings(const std::vector<ForwardingFacts>& facts, const observe::Snapshot& snapshot) {
  Json all = Json::array();
  static const ForwardingSnapshot kNone;
  for (const ForwardingFacts& each : facts) {
    const auto found = std::ranges::find(snapshot.forwardings, each.name, &ForwardingSnapshot::name);
    all.push_back(forwarding(each, found == snapshot.forwardings.end() ? kNone : *found));
  }
  return all;
}

Json member(const MemberFacts& facts) {
  return {{"name", facts.name},          {"state", facts.state},
          {"reason", facts.reason},      {"since", text(facts.since)},
          {"weight", facts.weight},      {"backup", facts.backup},
          {"sessions", facts.sessions},  {"began", facts.began},
          {"failed", facts.failed},      {"round_trip_us", optional_us(facts.round_trip)},
          {"addresses", facts.addresses}};
}

Json groups(const std::vector<GroupFacts>& facts) {
  Json all = Json::array();
  for (const GroupFacts& each : facts) {
    Json members = Json::array();
    for (const MemberFacts& one : each.members) members.push_back(member(one));
    all.push_back({{"name", each.name},
                   {"policy", each.policy},
                   {"generation", each.generation},
                   {"waiting", each.waiting},
                   {"members", std::move(members)}});
  }
  return all;
}

Json ports(const observe::Snapshot& snapshot) {
  Json all = Json::array();
  for (const auto& each : snapshot.ports)
    all.push_back({{"destination", each.destination},
                   {"in_use", each.in_use},
                   {"time_wait", each.time_wait},
                   {"available", each.available}});
  return all;
}

Json workers(const observe::Snapshot& snapshot) {
  Json all = Json::array();
  for (std::size_t index = 0; index < snapshot.workers.size(); ++index) {
    const auto& worker = snapshot.workers[index];
    all.push_back({{"index", index},
                   {"io", worker.io()},
                   {"sessions", worker.counts[static_cast<std::size_t>(relay::Count::open)]},
                   {"cpu_us", static_cast<std::int64_t>(worker.cpu_seconds * 1e6)},
                   {"lag_us", static_cast<std::int64_t>(worker.lag_seconds * 1e6)}});
  }
  return all;
}

std::uint64_t sum_of(const observe::Snapshot& snapshot, relay::Count count) {
  std::uint64_t sum = 0;
  for (const auto& worker : snapshot.workers) sum += worker.counts[static_cast<std::size_t>(count)];
  return sum;
}

Json flow(const relay::FlowView& flow) {
  return {{"state", name(flow.state)}, {"received", flow.received},   {"sent", flow.sent},
          {"waiting", flow.waiting},   {"discarded", flow.discarded}, {"unacknowledged", flow.unacknowledged}};
}

Json session(const relay::SessionView& view) {
  const bool armed = view.deadline != termination::Deadline::none;
  return {{"id", view.id},
          {"forwarding", view.forwarding ? *view.forwarding : ""},
          {"transport", view.datagrams ? "udp" : "stream"},
          {"state", name(view.phase)},
          {"client", address(view.client)},
          {"upstream", address(view.upstream)},
          {"member", view.member.empty() ? Json(nullptr) : Json(view.member)},
          {"started", text(view.started)},
          {"age_us", view.age.count()},
          {"idle_us", view.idle.count()},
          {"half_close_age_us", optional_us(view.half_close_age)},
          {"deadline", armed ? name(view.deadline) : "none"},
          {"fires_in_us", optional_us(view.fires_in)},
          {"flows", {{"client", flow(view.flows[0])}, {"upstream", flow(view.flows[1])}}}};
}

Json socket(const std::optional<net::TcpInfo>& info) {
  if (!info) return nullptr;
  return {{"local", info->local.text()},
          {"peer", info->peer.text()},
          {"state", info->state},
          {"unread", info->unread},
          {"unacknowledged", info->unacknowledged},
          {"unsent", info->unsent},
          {"round_trip_us", info->round_trip.count()},
          {"retransmissions", info->retransmissions},
          {"congestion_window", info->congestion_window},
          {"last_received_us", info->last_received.count()},
          {"last_sent_us", info->last_sent.count()}};
}

/// `limit` is the limit that passed. A session ends when a limit passes, so its trail names one at most.
Json events_of(const std::vector<relay::TrailEntry>& trail, termination::Deadline limit) {
  Json events = Json::array({{{"at_us", 0}, {"side", "client"}, {"what", "accepted"}}});
  for (const relay::TrailEntry& each : trail) {
    Json event{{"at_us", each.at.count()}, {"side", name(each.side)}, {"what", name(each.what)}};
    if (each.what == relay::Happened::limit && limit != termination::Deadline::none) event["detail"] = name(limit);
    events.push_back(std::move(event));
  }
  return events;
}

/// Returns the events of an ended session as a further field of an object.
std::string story_of(const relay::SessionEvent& event) {
  if (event.trail.empty()) return {};
  std::string field = dump(events_of(event.trail, event.record.stream().verdict.limit));
  field.pop_back();
  return R"(,"events":)" + field;
}

/// Returns the sockets of a session that ended badly, with what a kernel tracer needs to recognise them.
std::string sockets_of(const relay::Record& record) {
  if (!record.sides[0].socket && !record.sides[1].socket) return {};
  const auto one = [&](termination::Which which) -> Json {
    const relay::SideRecord& side = record.side(which);
    if (!side.socket) return nullptr;
    const auto& told = record.stream().introduction;
    const bool by_header = which == termination::Which::client && told && !told->via.none();
    return {{"cookie", side.socket->cookie},
            {"local", side.socket->local.text()},
            {"peer", address(by_header ? told->via : side.address)}};
  };
  std::string field =
      dump({{"client", one(termination::Which::client)}, {"upstream", one(termination::Which::upstream)}});
  field.pop_back();
  return R"(,"sockets":)" + field;
}

}  // namespace

std::string status_json(const StatusParts& parts) {
  const observe::Snapshot& snapshot = parts.snapshot;
  const WallTime started = wall(snapshot.process.start_seconds);
  return dump({{"version", snapshot.version},
               {"pid", ::getpid()},
               {"instance", parts.instance},
               {"started", text(started)},
               {"uptime_us", std::chrono::duration_cast<microseconds>(parts.now - started).count()},
               {"ready", parts.health.alive && parts.health.ready},
               {"reason", parts.health.reason},
               {"may_administer", parts.may_administer},
               {"workers", workers(snapshot)},
               {"configuration",
                {{"loaded", text(wall(snapshot.reload.successful_seconds))},
                 {"successful", snapshot.reload.successful},
                 {"error", parts.reload_failure.empty() ? Json(nullptr) : Json(parts.reload_failure)}}},
               {"dropped_records", sum_of(snapshot, relay::Count::records_dropped) + snapshot.records_lost},
               {"max_sessions", snapshot.max_sessions},
               {"forwardings", forwardings(parts.forwardings, snapshot)},
               {"groups", groups(parts.groups)},
               {"ports", ports(snapshot)}});
}

std::string forwardings_json(const std::vector<ForwardingFacts>& facts, const observe::Snapshot& snapshot) {
  return dump(forwardings(facts, snapshot));
}

std::string groups_json(const std::vector<GroupFacts>& facts) { return dump(groups(facts)); }

std::string ports_json(const observe::Snapshot& snapshot) { return dump(ports(snapshot)); }

std::string sessions_json(const SessionsParts& parts) {
  Json all = Json::array();
  for (const relay::SessionView& each : parts.page) all.push_back(session(each));
  return dump(
      {{"instance", parts.instance}, {"total", parts.total}, {"matched", parts.matched}, {"sessions", std::move(all)}});
}

std::string session_json(const std::string& instance, const relay::SessionView& view) {
  Json whole = session(view);
  whole["instance"] = instance;
  whole["events"] = events_of(view.trail, termination::Deadline::none);
  whole["sockets"] = {{"client", socket(view.sockets[0])}, {"upstream", socket(view.sockets[1])}};
  return dump(whole);
}

std::string event_json(const relay::SessionEvent& event, WallTime now) {
  if (!event.began) {
    // The record is already JSON, so it is inserted as text.
    return R"({"at":")" + text(now) + R"(","event":"session_ended","session":)" + observe::to_json(event.record) +
           story_of(event) + sockets_of(event.record) + "}";
  }
  std::string line = dump({{"at", text(event.record.started)},
                           {"event", "session_began"},
                           {"session",
                            {{"id", event.record.id},
                             {"forwarding", event.record.forwarding ? *event.record.forwarding : ""},
                             {"client", address(event.record.sides[0].address)}}}});
  line.pop_back();
  return line;
}

std::string event_json(const Happening& happening) {
  Json event{{"at", text(happening.at)}, {"event", happening.event}};
  if (happening.successful) event["successful"] = *happening.successful;
  const std::initializer_list<std::pair<const char*, const std::string*>> words = {{"reason", &happening.reason},
                                                                                   {"group", &happening.group},
                                                                                   {"member", &happening.member},
                                                                                   {"state", &happening.state}};
  for (const auto& [key, value] : words)
    if (!value->empty()) event[key] = *value;
  std::string line = dump(event);
  line.pop_back();
  return line;
}

std::string dropped_json(std::uint64_t count, WallTime now) {
  return R"({"at":")" + text(now) + R"(","event":"dropped","count":)" + std::to_string(count) + "}";
}

}  // namespace lastbyte::admin
