// How many requests end badly when servers fail.
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lab/experiments/experiments.h"
#include "lab/resilience/exchange.h"
#include "lab/resilience/member.h"
#include "lab/resilience/plan.h"
#include "lab/resilience/systems.h"
#include "lab/stage/proxy.h"
#include "lab/stage/stage.h"
#include "net/namespace/enter.h"
#include "wire/network.h"

namespace lastbyte::lab {
namespace {

using namespace resilience;

constexpr const char* kFewer = "lastbyte, retries and checks: its share of bad requests, compared with the direct one";

constexpr Expectation kResilienceTable[] = {
    {"directly, no fault: requests that end badly", "none"},
    {"directly, refused: requests that end badly", "each"},
    {"directly, restart: requests that end badly", "each"},
    {"directly, vanished: requests that end badly", "each"},
    {"directly, reset before the answer: requests that end badly", "each"},
    {"directly, reset within the answer: requests that end badly", "each"},
    {"directly, stalled: requests that end badly", "each"},
    {"directly, early answer: requests that end badly", "none"},
    {"directly, half-close: requests that end badly", "none"},
    {"naive copy proxy, no fault: requests that end badly", "none"},
    {"naive copy proxy, refused: requests that end badly", "each"},
    {"naive copy proxy, restart: requests that end badly", "each"},
    {"naive copy proxy, vanished: requests that end badly", "each"},
    {"naive copy proxy, reset before the answer: requests that end badly", "each"},
    {"naive copy proxy, reset within the answer: requests that end badly", "each"},
    {"naive copy proxy, stalled: requests that end badly", "each"},
    {"naive copy proxy, half-close: requests that end badly", "each"},
    {"HAProxy, no fault: requests that end badly", "none"},
    {"HAProxy, refused: requests that end badly", "none"},
    {"HAProxy, vanished: requests that end badly", "none"},
    {"HAProxy, reset before the answer: requests that end badly", "each"},
    {"HAProxy, reset within the answer: requests that end badly", "each"},
    {"HAProxy, stalled: requests that end badly", "each"},
    {"HAProxy, half-close: requests that end badly", "none"},
    {"nginx, no fault: requests that end badly", "none"},
    {"nginx, refused: requests that end badly", "none"},
    {"nginx, vanished: requests that end badly", "none"},
    {"nginx, reset before the answer: requests that end badly", "each"},
    {"nginx, reset within the answer: requests that end badly", "each"},
    {"nginx, stalled: requests that end badly", "each"},
    {"nginx, half-close: requests that end badly", "none"},
    {"lastbyte, no retries, no fault: requests that end badly", "none"},
    {"lastbyte, no retries, refused: requests that end badly", "each"},
    {"lastbyte, no retries, restart: requests that end badly", "each"},
    {"lastbyte, no retries, vanished: requests that end badly", "each"},
    {"lastbyte, no retries, reset before the answer: requests that end badly", "each"},
    {"lastbyte, no retries, reset within the answer: requests that end badly", "each"},
    {"lastbyte, no retries, stalled: requests that end badly", "each"},
    {"lastbyte, no retries, early answer: requests that end badly", "none"},
    {"lastbyte, no retries, half-close: requests that end badly", "none"},
    {"lastbyte, retries and checks, no fault: requests that end badly", "none"},
    {"lastbyte, retries and checks, refused: requests that end badly", "none"},
    {"lastbyte, retries and checks, restart: requests that end badly", "none"},
    {"lastbyte, retries and checks, vanished: requests that end badly", "none"},
    {"lastbyte, retries and checks, reset before the answer: requests that end badly", "none"},
    {"lastbyte, retries and checks, reset within the answer: requests that end badly", "each"},
    {"lastbyte, retries and checks, stalled: requests that end badly", "each"},
    {"lastbyte, retries and checks, early answer: requests that end badly", "none"},
    {"lastbyte, retries and checks, half-close: requests that end badly", "none"},
    {kFewer, "less, the intervals do not overlap", {}, "Wilson intervals of 95 %"},
};

/// The two servers of one system, and what happens to them before and after each request. Over veth, the clients, the
/// system and the servers are three hosts.
class World {
 public:
  static Result<std::unique_ptr<World>> make(Medium medium) {
    auto network = medium == Medium::veth ? wire::Network::make_cabled() : wire::Network::make_single();
    if (!network) return Failure(network.error());
    std::unique_ptr<World> world(new World(std::move(*network)));
    const wire::Network& hosts = world->network_;
    for (auto* const member : {&world->first_, &world->second_}) {
      auto started = Member::start(hosts.server.get(), hosts.server_host, world->last_hit_, member == &world->first_);
      if (!started) return Failure(started.error());
      *member = std::move(*started);
    }
    return world;
  }

  [[nodiscard]] int network_of_clients() const { return network_.client.get(); }
  [[nodiscard]] Site site() const {
    return {.network = network_.proxy.get(),
            .host = network_.proxy_host,
            .first = first_->address(),
            .second = second_->address()};
  }

  Result<Ending> play(const net::Address& to, std::uint64_t number, const Planned& planned) {
    if (planned.fault == Fault::refused) first_->leave();
    if (planned.fault == Fault::vanished) first_->vanish(true);
    // The later requests of a restart are ordinary requests.
    const bool harmless = planned.fault == Fault::restart && !planned.begins;
    const Ending ending = ask(to, {.number = number, .fault = harmless ? Fault::none : planned.fault});
    if (planned.fault == Fault::vanished) first_->vanish(false);
    if (planned.fault == Fault::refused || (planned.fault == Fault::restart && planned.ends)) {
      if (auto back = first_->come_back(); !back) return Failure(back.error());
    }
    return ending;
  }

 private:
  explicit World(wire::Network network) : network_(std::move(network)) {}

  wire::Network network_;
  LastHit last_hit_ = 0;
  std::unique_ptr<Member> first_;
  std::unique_ptr<Member> second_;
};

Series failed(const System& system, const Error& why) {
  return {.name = std::string(system.name), .by_kind = std::vector<Tally>(kFaults.size()), .trouble = why.text()};
}

/// Sends requests that are not counted until one is answered. Links that have just come up may drop the first packets,
/// and TCP sends a lost SYN again after a second (RFC 6298), which is all the time that a request has.
void warm_up(const net::Address& to) {
  constexpr int kMost = 5;
  for (int tried = 0; tried < kMost; ++tried)
    if (ask(to, {.number = 0, .fault = Fault::none}) == Ending::whole) return;
}

/// Runs on a thread of its own, which enters the clients' network.
Series try_system(const System& system, Medium medium, const std::vector<Planned>& plan) {
  auto world = World::make(medium);
  if (!world) return failed(system, world.error());
  if (const auto entered = net::enter_namespace((*world)->network_of_clients(), "of the experiment"); !entered)
    return failed(system, entered.error());
  const auto front = system.start((*world)->site());
  if (!front) return failed(system, front.error());
  warm_up(front->address);
  Series series{.name = std::string(system.name), .by_kind = std::vector<Tally>(kFaults.size())};
  std::uint64_t number = 0;
  for (const Planned& each : plan) {
    const auto ending = (*world)->play(front->address, ++number, each);
    if (!ending) return failed(system, ending.error());
    series.by_kind[static_cast<std::size_t>(each.fault)].add(*ending == Ending::whole, std::string(name_of(*ending)));
  }
  return series;
}

std::vector<Series> try_all(Medium medium, const Trials& trials) {
  const std::vector<Planned> planned = plan(trials);
  std::vector<Series> series(systems().size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < series.size(); ++i)
    threads.emplace_back([&, i] { series[i] = try_system(systems()[i], medium, planned); });
  for (std::thread& each : threads) each.join();
  return series;
}

/// Such a fault is counted but has no row.
bool is_chance(const System& system, Fault fault) {
  return (fault == Fault::early_answer && system.chance_of_early_answers) ||
         (fault == Fault::restart && system.chance_of_restarts);
}

void see_series(Stage& stage, const System& system, const Series& series) {
  for (std::size_t kind = 0; kind < kFaults.size(); ++kind) {
    if (is_chance(system, kFaults[kind].fault)) continue;
    const std::string row = series.name + ", " + std::string(kFaults[kind].name) + ": requests that end badly";
    if (!series.trouble.empty())
      stage.not_observed(row, series.trouble);
    else
      stage.see(row, std::string(series.by_kind[kind].word()));
  }
}

void see_comparison(Stage& stage, const Series& direct, const Series& best) {
  if (!best.trouble.empty()) return stage.not_observed(kFewer, best.trouble);
  stage.see(kFewer, best.all().interval().high < direct.all().interval().low ? "less, the intervals do not overlap"
                                                                             : "not certainly less");
}

/// Starts lastbyte with retries but without checks: the connections of checks would come before the request's.
Result<RunningProxy> start_retrying(Stage& stage, launchers::Form form, const Socket& first, const Socket& second) {
  form.command = {form.command.front(), "proxy", "--config", "{config}"};
  form.config = retrying(first.local(), second.local());
  const std::size_t check = form.config.find("    check:");
  form.config.erase(check, form.config.find('\n', check) + 1 - check);
  return start_form(stage, "lastbyte", std::move(form), first.local());
}

void read_and_reset(Socket& listening) {
  Socket server = listening.accept();
  server.wait_unread(static_cast<int>(kRequest));
  server.recv(kRequest);
  server.linger(true, 0);
  server.close();
}

/// Plays one request: the server resets it before the answer, and the proxy sends it again to the other server.
void play_one_reset(Stage& stage) {
  auto form = installed_form("lastbyte");
  stage.scene(form ? "behind lastbyte with retries, the first server resets" : "directly, the server resets");
  Socket first = stage.listener();
  Socket second = stage.listener();
  const auto proxy =
      form ? start_retrying(stage, std::move(*form), first, second) : Result<RunningProxy>(Failure(form.error()));
  Socket client = stage.socket(Who::client);
  client.connect(proxy ? proxy->address : first.local());
  client.send(kRequest);
  read_and_reset(first);
  if (proxy) {
    Socket server = second.accept();
    server.wait_unread(static_cast<int>(kRequest));
    server.recv(kRequest);
    server.send(kAnswer);
    server.shutdown(SHUT_WR);
    client.read_to_end();
    client.close();
    server.close();
  } else {
    client.read_to_end();
  }
}

void play_resilience(Stage& stage) {
  play_one_reset(stage);
  const Trials& trials = stage.trials();
  Measurement measured{.title = "Requests that end badly",
                       .again = "lastbyte lab run resilience " + options_of(trials)};
  for (const Named& each : kFaults)
    measured.kinds.push_back({.name = std::string(each.name), .why = std::string(each.why)});
  measured.series = try_all(stage.medium(), trials);
  for (std::size_t i = 0; i < systems().size(); ++i) see_series(stage, systems()[i], measured.series[i]);
  see_comparison(stage, measured.series.front(), measured.series.back());
  stage.measure(std::move(measured));
}

}  // namespace

const Experiment kResilience{
    .name = "resilience",
    .title = "How many requests end badly when servers fail",
    .question =
        "Clients send requests one after another. A share of them (--rate; 3.2 % by default) meets a fault, each of "
        "eight kinds equally often. The first of two servers refuses, restarts (it resets one request and refuses two "
        "more) or swallows SYNs. A server resets before or within its answer, stalls, or answers early and closes with "
        "unread input. The client half-closes. A fault meets the first try of a request. A request ends badly if its "
        "whole answer has not come within a second. HAProxy and nginx have both servers, configured as in their "
        "manuals. Over veth, the clients, the proxy and the servers are three hosts. Rows compare only what does not "
        "depend on chance; the rest is counted.",
    .table = kResilienceTable,
    .finding =
        "Retries and checks save every request that fails before the first byte of its answer. Nothing saves a request "
        "that stalls or is reset within its answer. So the published reduction from 3.2 % to 0.05 % is possible only "
        "if all faults are of the first kind: none of those requests ended badly. With equal shares of all kinds, "
        "lastbyte's share is a third of the direct one. Only proxies fail at half-closes and early answers. lastbyte "
        "loses neither. nginx loses some early answers even with proxy_half_close on, and HAProxy few or none.",
    .advice =
        "Give lastbyte a second server, retry.retry-on: connect-failure and checks. Add reset and retry.replay only if "
        "a server may receive a request twice. Against stalls, set a time limit in the client, and repeat there the "
        "requests that allow it. Count failures by cause before you believe a percentage.",
    .slow = true,
    .play = play_resilience,
};

}  // namespace lastbyte::lab
