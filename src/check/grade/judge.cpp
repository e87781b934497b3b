#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "check/grade/round_result.h"
#include "peers/header.h"

namespace lastbyte::check {
namespace {

/// The number of sockets that a proxy may keep for later use without counting as a leak.
constexpr std::uint64_t kSocketsToSpare = 8;

using Complaints = std::vector<std::string>;

bool is_sending(const std::string& step) {
  return std::ranges::any_of(std::to_array<std::string_view>({"send", "flood", "fill", "flush", "shutdown"}),
                             [&](std::string_view verb) { return step.starts_with(verb); });
}

/// Returns whether each `send` of the script succeeded. After a failed one, the other side cannot have received
/// everything.
bool sent_all(const Observed& seen) {
  return std::ranges::none_of(
      seen.steps, [](const StepSeen& step) { return step.text.starts_with("send") && !step.failure.empty(); });
}

void judge_steps(const std::string& who, const Observed& seen, const Wanted& wants, Complaints& out) {
  for (const StepSeen& step : seen.steps) {
    if (step.failure.empty() || (wants.sends_may_fail && is_sending(step.text))) continue;
    out.push_back(who + ": '" + step.text + "': " + step.failure);
    return;  // later failures follow from this one
  }
  if (seen.timed_out) out.push_back(who + ": did not finish in time");
}

void judge_ending(const std::string& who, const Observed& seen, const Wanted& wants, Complaints& out) {
  const bool nothing_at_all = !seen.connected && seen.error == 0;
  switch (wants.ending) {
    case Ending::as_scripted:
      if (!seen.connected) {
        out.push_back(who + ": not connected" + (seen.error != 0 ? ", " + errno_name(seen.error) : ""));
      } else {
        judge_steps(who, seen, wants, out);
      }
      return;
    case Ending::failure_or_nothing:
      if (nothing_at_all) return;
      [[fallthrough]];
    case Ending::failure:
      if (seen.fin) {
        out.push_back(who + ": received a clean end (FIN) instead of a failure");
      } else if (seen.error == 0) {
        out.push_back(who + ": learned of no failure within the time limit");
      }
      return;
  }
}

void judge_bytes(const std::string& who, const Observed& seen, const Wanted& wants, const Observed* other,
                 std::uint64_t bound, Complaints& out) {
  if (seen.first_wrong) out.push_back(who + ": wrong bytes from position " + std::to_string(*seen.first_wrong) + " on");
  if (wants.bounded && seen.sent > bound)
    out.push_back(who + ": sent " + std::to_string(seen.sent) + " bytes while nobody read; at most " +
                  std::to_string(bound) + " are allowed");
  if (!wants.whole || wants.ending != Ending::as_scripted || other == nullptr) return;
  if (seen.received != other->sent)
    out.push_back(who + ": received " + std::to_string(seen.received) + " of " + std::to_string(other->sent) +
                  " bytes");
  if (seen.received == other->sent && !sent_all(*other))
    out.push_back(who + ": the other side could not send everything");
}

/// The number of bytes that a sender may send while nobody reads (T9).
std::uint64_t bound_of(const RoundResult& result) { return (result.kernel_kib + kMemoryMost) * 1024; }

/// Judges one session by comparing the counts of its two peers. With several sessions, the checker cannot match clients
/// with servers; their scripts are all alike, and so are their counts.
void judge_session(const Scenario& scenario, const Observed& client, const Observed* server, const std::string& number,
                   std::uint64_t bound, Complaints& out) {
  static const Observed kNobody;
  judge_ending("client" + number, client, scenario.client_wants, out);
  judge_bytes("client" + number, client, scenario.client_wants, server, bound, out);
  if (scenario.upstream == Upstream::absent || scenario.upstream == Upstream::silent) return;
  const Observed& there = server == nullptr ? kNobody : *server;
  judge_ending("server" + number, there, scenario.server_wants, out);
  judge_bytes("server" + number, there, scenario.server_wants, &client, bound, out);
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& each : names) out += (out.empty() ? "" : ", ") + each;
  return out;
}

/// Compares the addresses in the PROXY headers with the clients'. With several sessions, the checker cannot match
/// clients with servers, so it compares the sorted lists.
void judge_headers(const Scenario& scenario, const RoundResult& result, const Variant& variant, Complaints& out) {
  if (!variant.way.to_server) return;
  const bool demanded = scenario.server_wants.ending == Ending::as_scripted;
  std::vector<std::string> told;
  std::vector<std::string> clients;
  for (const Observed& server : result.servers) {
    if (demanded && !server.header_failure.empty()) {
      out.push_back("server: PROXY header: " + server.header_failure);
      return;
    }
    if (server.header) told.push_back(server.told.text());
  }
  for (const Observed& client : result.clients)
    clients.push_back(variant.way.from_client ? peers::told_by_clients().text() : client.local.text());
  std::ranges::sort(told);
  std::ranges::sort(clients);
  if (told.size() == clients.size() && told != clients)
    out.push_back("server: the PROXY header contains " + listed(told) + "; expected " + listed(clients));
}

std::string text(const TimeWaits& waits) {
  std::string out;
  const auto add = [&](bool there, const char* who) {
    if (there) out += (out.empty() ? "" : ", ") + std::string(who);
  };
  add(waits.client, "the client");
  add(waits.proxy_to_client, "the proxy towards the client");
  add(waits.proxy_to_server, "the proxy towards the server");
  add(waits.server, "the server");
  return out.empty() ? "nobody" : out;
}

void judge_proxy(const Scenario& scenario, const RoundResult& result, Complaints& out) {
  if (scenario.watch_memory && result.before && result.most_kib > result.before->resident_kib + kMemoryMost)
    out.push_back("the proxy grew from " + std::to_string(result.before->resident_kib) + " to " +
                  std::to_string(result.most_kib) + " KiB");
  if (scenario.watch_sockets && result.before && result.after &&
      result.after->sockets > result.before->sockets + kSocketsToSpare)
    out.push_back("the proxy holds " + std::to_string(result.after->sockets) + " sockets, " +
                  std::to_string(result.before->sockets) + " before");
  if (!scenario.stops) return;
  if (!result.stopped_listening) out.push_back("the proxy still listened after it was asked to stop");
  if (!result.exit_status) out.push_back("the proxy did not exit after its last session ended");
}

}  // namespace

TimeWaits expected_time_waits(FirstToClose first, bool through_proxy) {
  switch (first) {
    case FirstToClose::not_watched: return {};
    case FirstToClose::client: return {.client = true, .proxy_to_server = through_proxy};
    case FirstToClose::server: return {.proxy_to_client = through_proxy, .server = true};
  }
  return {};
}

void worst_first(const Scenario& scenario, RoundResult& result) {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < std::min(result.clients.size(), result.servers.size()); ++i) {
    Complaints found;
    judge_session(scenario, result.clients[i], &result.servers[i], "", bound_of(result), found);
    if (!found.empty()) wrong.push_back(i);
  }
  if (wrong.empty()) return;
  for (std::vector<Observed>* peers : {&result.clients, &result.servers}) {
    const auto steps_done = [&](std::size_t i) {
      return std::ranges::count_if((*peers)[i].steps, [](const StepSeen& step) { return step.failure.empty(); });
    };
    std::swap(peers->front(), (*peers)[*std::ranges::min_element(wrong, {}, steps_done)]);
  }
}

std::vector<std::string> judge(const Scenario& scenario, const RoundResult& result, bool through_proxy,
                               const Variant& variant) {
  Complaints out;
  for (std::size_t i = 0; i < result.clients.size(); ++i) {
    const std::string number = result.clients.size() == 1 ? "" : " " + std::to_string(i + 1);
    judge_session(scenario, result.clients[i], i < result.servers.size() ? &result.servers[i] : nullptr, number,
                  bound_of(result), out);
  }
  judge_headers(scenario, result, variant, out);
  if (scenario.first_to_close != FirstToClose::not_watched) {
    const TimeWaits expected = expected_time_waits(scenario.first_to_close, through_proxy);
    if (result.time_waits != expected)
      out.push_back("TIME_WAIT is kept by " + text(result.time_waits) + "; expected " + text(expected));
  }
  if (through_proxy) judge_proxy(scenario, result, out);
  return out;
}

}  // namespace lastbyte::check
