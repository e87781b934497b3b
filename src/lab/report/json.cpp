#include <nlohmann/json.hpp>

#include "lab/report/report.h"

namespace lastbyte::lab {
namespace {

using Json = nlohmann::ordered_json;

const char* kind_text(EventKind kind) {
  switch (kind) {
    case EventKind::call: return "call";
    case EventKind::segment: return "segment";
    case EventKind::state: return "state";
    case EventKind::kernel: return "kernel";
  }
  return "?";
}

Json json_of(const Scene& scene) {
  Json events = Json::array();
  for (const Event& each : scene.events) {
    events.push_back({{"at_ns", each.at.time_since_epoch().count()},
                      {"host", each.who == Who::client ? "client" : "server"},
                      {"kind", kind_text(each.kind)},
                      {"text", each.text}});
  }
  return {{"scene", scene.name}, {"events", std::move(events)}, {"mermaid", page::mermaid(sequence_of(scene))}};
}

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::differs: return "differs";
    case Verdict::not_observed: return "not_observed";
  }
  return "?";
}

Json json_of(const Tally& tally) {
  const Interval within = tally.interval();
  return {{"of", tally.of},
          {"bad", tally.bad},
          {"share", tally.share()},
          {"interval", {within.low, within.high}},
          {"ways", tally.ways}};
}

Json json_of(const Measurement& measurement) {
  Json series = Json::array();
  for (const Series& each : measurement.series) {
    Json one{{"name", each.name}};
    if (!each.trouble.empty()) one["trouble"] = each.trouble;
    one["all"] = json_of(each.all());
    for (std::size_t kind = 0; kind < each.by_kind.size(); ++kind)
      one["by_kind"][measurement.kinds[kind].name] = json_of(each.by_kind[kind]);
    series.push_back(std::move(one));
  }
  Json why = Json::object();
  for (const Kind& each : measurement.kinds) why[each.name] = each.why;
  return {{"title", measurement.title}, {"again", measurement.again}, {"why", why}, {"series", std::move(series)}};
}

Json json_of(const Outcome& outcome) {
  Json rows = Json::array();
  for (const Row& row : outcome.rows) {
    Json one{{"row", row.name}, {"expected", row.expected}, {"verdict", verdict_text(row.verdict)}};
    one[row.verdict == Verdict::not_observed ? "reason" : "seen"] = row.seen;
    if (!row.why.empty()) one["why"] = row.why;
    rows.push_back(std::move(one));
  }
  Json scenes = Json::array();
  for (const Scene& each : outcome.scenes) scenes.push_back(json_of(each));
  Json out{{"experiment", outcome.experiment->name},
           {"medium", name_of(outcome.medium)},
           {"agrees", outcome.agrees()},
           {"seconds", outcome.seconds}};
  if (!outcome.not_played.empty()) out["not_played"] = outcome.not_played;
  if (!outcome.trouble.empty()) out["trouble"] = outcome.trouble;
  out["rows"] = std::move(rows);
  Json measured = Json::object();
  for (const Measured& each : outcome.measured) measured[each.name] = each.value;
  out["measured"] = std::move(measured);
  if (outcome.measurement) out["measurement"] = json_of(*outcome.measurement);
  out["counters"] = outcome.counters;
  if (!outcome.no_tracepoints.empty()) out["tracepoints_not_observed"] = outcome.no_tracepoints;
  out["packets_lost"] = outcome.packets_lost;
  out["scenes"] = std::move(scenes);
  out["finding"] = outcome.experiment->finding;
  out["advice"] = outcome.experiment->advice;
  return out;
}

}  // namespace

std::string json(std::span<const Outcome> outcomes, const std::string& kernel) {
  Json all = Json::array();
  for (const Outcome& each : outcomes) all.push_back(json_of(each));
  return Json{{"kernel", kernel}, {"outcomes", std::move(all)}}.dump(2) + "\n";
}

}  // namespace lastbyte::lab
