// Measures the cost of single decisions with Google Benchmark: ./dev bench micro [--benchmark_filter=...]. run.py
// measures whole sessions; these benchmarks show which part a change has made slower.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loop/timer_wheel.h"
#include "net/address/networks.h"
#include "net/proxy_protocol/header.h"
#include "observe/record/text.h"
#include "relay/terms/record.h"
#include "termination/transition.h"

namespace lastbyte {
namespace {

/// One session's whole life in termination: five steps, their deadlines, the verdict.
void a_session_of_decisions(benchmark::State& state) {
  using termination::Event;
  using termination::Which;
  constexpr std::array<std::pair<Event, Which>, 5> kLife{{{Event::connected, Which::upstream},
                                                          {Event::fin, Which::client},
                                                          {Event::fin, Which::upstream},
                                                          {Event::acked, Which::client},
                                                          {Event::acked, Which::upstream}}};
  for (auto each : state) {
    termination::Session session = termination::new_session(true);
    for (const auto& [event, which] : kLife) {
      session = termination::step(session, event, which)->session;
      benchmark::DoNotOptimize(termination::deadline(session));
    }
    benchmark::DoNotOptimize(termination::verdict(session));
  }
}
BENCHMARK(a_session_of_decisions);

/// Moves one timer among range(0) others, as each byte after a silence does.
void a_timer_moved(benchmark::State& state) {
  std::vector<loop::Timer> others(static_cast<std::size_t>(state.range(0)));
  loop::TimerWheel wheel(0);
  for (std::size_t i = 0; i < others.size(); ++i) wheel.set(others[i], 60'000 + i % 5000);
  loop::Timer timer;
  std::uint64_t due = 1000;
  for (auto each : state) wheel.set(timer, 1000 + due++ % 50'000);
}
BENCHMARK(a_timer_moved)->Arg(0)->Arg(50'000);

void a_proxy_header_of_version_1(benchmark::State& state) {
  constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\nGET / HTTP/1.1\r\n";
  for (auto each : state) benchmark::DoNotOptimize(net::proxy_protocol::parse(std::as_bytes(std::span(kHeader))));
}
BENCHMARK(a_proxy_header_of_version_1);

void an_address_looked_up_in_a_list(benchmark::State& state) {
  std::vector<net::Cidr> networks;
  for (int i = 0; i < state.range(0); ++i)
    networks.push_back(*net::Cidr::parse("10." + std::to_string(i % 256) + "." + std::to_string(i / 256) + ".0/24"));
  const net::Networks list(std::move(networks));
  const net::Address client = *net::Address::parse("192.0.2.7", 51234);
  for (auto each : state) benchmark::DoNotOptimize(list.contains(client));
}
BENCHMARK(an_address_looked_up_in_a_list)->Arg(1)->Arg(1000)->Arg(20'000);

relay::Record a_record() {
  relay::Record record;
  record.id = 1234567;
  record.forwarding = std::make_shared<const std::string>("web");
  record.listen = std::make_shared<const std::string>("192.0.2.1:443");
  record.sides[0].address = *net::Address::parse("198.51.100.7", 51234);
  record.sides[1].address = *net::Address::parse("10.0.0.6", 8080);
  record.stream().verdict.complete = true;
  return record;
}

void a_record_as_text(benchmark::State& state) {
  const relay::Record record = a_record();
  for (auto each : state) benchmark::DoNotOptimize(observe::to_text(record));
}
BENCHMARK(a_record_as_text);

void a_record_as_json(benchmark::State& state) {
  const relay::Record record = a_record();
  for (auto each : state) benchmark::DoNotOptimize(observe::to_json(record));
}
BENCHMARK(a_record_as_json);

}  // namespace
}  // namespace lastbyte
