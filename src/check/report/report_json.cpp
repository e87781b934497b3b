// JSON reports. No other file of the room includes the JSON library, because it is slow to compile.
#include <string.h>

#include <nlohmann/json.hpp>

#include "check/report/report.h"

namespace lastbyte::check {
namespace {

using Json = nlohmann::ordered_json;

/// The number of sessions that a report describes in full; a scenario may have hundreds.
constexpr std::size_t kPeersTold = 3;

Json of(const Observed& seen) {
  Json steps = Json::array();
  for (const StepSeen& step : seen.steps) {
    Json one{{"step", step.text}, {"began_us", step.began.count()}, {"ended_us", step.ended.count()}};
    if (!step.failure.empty()) one["failure"] = step.failure;
    steps.push_back(std::move(one));
  }
  Json out{{"local", seen.local.text()},
           {"remote", seen.remote.text()},
           {"connected", seen.connected},
           {"sent", seen.sent},
           {"unacknowledged", seen.unacknowledged},
           {"received", seen.received},
           {"unread", seen.unread},
           {"checksum", seen.checksum},
           {"fin", seen.fin},
           {"reset", seen.reset()},
           {"error", errno_name(seen.error)},
           {"timed_out", seen.timed_out},
           {"ended_us", seen.ended_at.count()}};
  if (seen.fin) out["fin_us"] = seen.fin_at.count();
  if (seen.error != 0) out["error_us"] = seen.error_at.count();
  if (seen.header) out["proxy_header"] = seen.told.text();
  if (!seen.header_failure.empty()) out["proxy_header_failure"] = seen.header_failure;
  if (seen.first_wrong) out["first_wrong_byte"] = *seen.first_wrong;
  out["steps"] = std::move(steps);
  return out;
}

Json of(const std::vector<Observed>& all) {
  Json out = Json::array();
  for (std::size_t i = 0; i < std::min(all.size(), kPeersTold); ++i) out.push_back(of(all[i]));
  return out;
}

/// The sides that keep TIME_WAIT, for each connection (T13).
Json of(const TimeWaits& waits) {
  return {{"client", waits.client},
          {"proxy_to_client", waits.proxy_to_client},
          {"proxy_to_server", waits.proxy_to_server},
          {"server", waits.server}};
}

Json evidence_of(const Scenario& scenario, const RoundResult& result) {
  Json out{{"sessions", result.clients.size()}, {"client", of(result.clients)}, {"server", of(result.servers)}};
  if (scenario.first_to_close != FirstToClose::not_watched) out["time_wait"] = of(result.time_waits);
  return out;
}

/// The words of the command, and the proxy's generated configuration.
Json of(const Form& form) {
  Json out{{"command", form.command}};
  if (!form.config.empty()) out["configuration"] = form.config;
  return out;
}

Json proxy_of(const RoundResult& result) {
  Json out = Json::object();
  if (result.before) {
    out["resident_kib_before"] = result.before->resident_kib;
    out["sockets_before"] = result.before->sockets;
  }
  if (result.most_kib != 0) {
    out["resident_kib_most"] = result.most_kib;
    out["kernel_buffers_kib"] = result.kernel_kib;
  }
  if (result.after) out["sockets_after"] = result.after->sockets;
  if (!result.form.command.empty()) out.update(of(result.form));
  if (result.exit_status) out["exit_status"] = *result.exit_status;
  if (!result.output.empty()) out["output"] = result.output;
  return out;
}

Json of(const Outcome& outcome) {
  const Scenario& scenario = *outcome.scenario;
  Json out{{"scenario", scenario.name},
           {"variant", outcome.variant->name},
           {"clause", scenario.clause},
           {"title", scenario.title},
           {"verdict", name_of(outcome.verdict)}};
  if (!outcome.reason.empty()) out["reason"] = outcome.reason;
  if (outcome.verdict == Verdict::skip) return out;
  out["seconds"] = outcome.seconds;
  out["rounds"] = outcome.rounds;
  out["rounds_passed"] = outcome.passed;
  out["complaints"] = outcome.complaints;
  if (outcome.reference.measured) {
    out["plain_tcp"] = Json{{"held", outcome.reference.held}, {"reason", outcome.reference.reason}};
    if (outcome.reference.result) out["plain_tcp"]["evidence"] = evidence_of(scenario, *outcome.reference.result);
  }
  out["script"] = Json{{"client", scenario.client}, {"server", scenario.server}};
  out["evidence"] = evidence_of(scenario, outcome.result);
  out["evidence"]["proxy"] = proxy_of(outcome.result);
  return out;
}

Json of(const Report& report) {
  Json results = Json::array();
  for (const Outcome& each : report.outcomes) results.push_back(of(each));
  Json out{{"target", report.target}, {"version", report.version}};
  if (!report.form.command.empty()) out.update(of(report.form));
  if (report.stop_signal != 0) out["stop_signal"] = std::string("SIG") + ::sigabbrev_np(report.stop_signal);
  out.update({{"when", report.when},
              {"kernel", report.kernel},
              {"seconds", report.seconds},
              {"passed", report.count(Verdict::pass)},
              {"failed", report.count(Verdict::fail)},
              {"skipped", report.count(Verdict::skip)},
              {"results", std::move(results)}});
  return out;
}

}  // namespace

std::string json(const std::vector<Report>& reports) {
  Json all = Json::array();
  for (const Report& each : reports) all.push_back(of(each));
  // A proxy's output may be invalid UTF-8.
  const Json document{
      {"checker", "lastbyte check"}, {"checker_version", LASTBYTE_VERSION}, {"targets", std::move(all)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lastbyte::check
