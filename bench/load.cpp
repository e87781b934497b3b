// bench_load: one load on one address, for a time. The orchestrator measures the proxy while nothing moves:
//   bench_load: "ready"     connected and warm
//   orchestrator: a line    starts it
//   bench_load: {...}       the result, one line of JSON; all connections are still open
//   orchestrator: a line    ends it
#include "bench/load.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "bench/socket.h"

namespace lastbyte::bench {

void wait_for_go() {
  fmt::print("ready\n");
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) die("nobody said go");
}

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline + kGrace - Clock::now());
  if (left.count() <= 0) die("an operation did not end");
  return static_cast<int>(left.count());
}

namespace {

double percentile_us(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth / 1000.0;
}

void report(Result& result) {
  fmt::print(
      "{{\"operations\": {}, \"bytes\": {}, \"sent\": {}, \"seconds\": {:.6f}, \"p50_us\": {:.1f}, \"p99_us\": "
      "{:.1f}}}\n",
      result.operations, result.bytes, result.sent, std::chrono::duration<double>(result.elapsed).count(),
      percentile_us(result.latencies_ns, 0.5), percentile_us(result.latencies_ns, 0.99));
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  CLI::App app("one load on one address; bench/run.py drives it");
  std::string address;
  Options options;
  double seconds = 2;
  app.add_option("--connect", address, "ADDRESS:PORT")->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 100'000));
  app.add_option("--size", options.message_bytes, "bytes in a message")->check(CLI::Range(1, 65'536));
  app.add_option("--rate", options.rate, "datagrams a second")->check(CLI::Range(1, 100'000'000));
  app.add_option("--seconds", seconds)->check(CLI::Range(0.0, 600.0));
  Result (*load)(const Options&) = nullptr;
  app.add_subcommand("bulk")->callback([&load] { load = run_bulk; });
  app.add_subcommand("messages")->callback([&load] { load = run_messages; });
  app.add_subcommand("sessions")->callback([&load] { load = run_sessions; });
  app.add_subcommand("idle")->callback([&load] { load = run_idle; });
  app.add_subcommand("datagrams")->callback([&load] { load = run_datagrams; });
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  options.address = parse_address(address);
  options.duration = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  Result result = load(options);
  report(result);
  std::string line;
  std::getline(std::cin, line);
  return 0;
}

}  // namespace
}  // namespace lastbyte::bench

int main(int argc, char** argv) { return lastbyte::bench::run(argc, argv); }
