// bench_load: runs one load against one address, in slices. Between slices nothing moves, and the orchestrator measures
// the proxy:
//   bench_load: "ready"        connected and warm
//   orchestrator: "slice S"    runs the load for S seconds
//   bench_load: {...}          the results of the slice, one line of JSON; all connections stay open
//   orchestrator: "latencies"
//   bench_load: {...}          percentiles over all slices since the last request, one line of JSON
// The program ends with its standard input.
#include "bench/load.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string>

#include "bench/socket.h"

namespace lastbyte::bench {

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline + kGrace - Clock::now());
  if (left.count() <= 0) die("an operation did not end");
  return static_cast<int>(left.count());
}

namespace {

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

double percentile_us(std::vector<std::uint32_t>& values, double part) {
  if (values.empty()) return 0;
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), nth, values.end());
  return *nth / 1000.0;
}

std::string told(const Result& result) {
  return fmt::format(R"({{"operations": {}, "bytes": {}, "sent": {}, "seconds": {:.6f}}})", result.operations,
                     result.bytes, result.sent, std::chrono::duration<double>(result.elapsed).count());
}

std::string percentiles(std::vector<std::uint32_t>& latencies) {
  return fmt::format(R"({{"p50_us": {:.1f}, "p99_us": {:.1f}, "p999_us": {:.1f}}})", percentile_us(latencies, 0.5),
                     percentile_us(latencies, 0.99), percentile_us(latencies, 0.999));
}

void obey(Load& load) {
  constexpr std::string_view kSlice = "slice ";
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with(kSlice)) {
      const std::chrono::duration<double> seconds(std::stod(line.substr(kSlice.size())));
      say(told(load.slice(std::chrono::duration_cast<Clock::duration>(seconds))));
    } else if (line == "latencies") {
      say(percentiles(load.latencies()));
      load.latencies().clear();
    } else {
      die("'" + line + "' is no order");
    }
  }
}

int run(int argc, char** argv) {
  CLI::App app("one load on one address; bench/run.py drives it");
  std::string address;
  Options options;
  app.add_option("--connect", address, "ADDRESS:PORT")->required();
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 100'000));
  app.add_option("--size", options.message_bytes, "bytes in a message")->check(CLI::Range(1, 65'536));
  app.add_option("--rate", options.rate, "datagrams, sessions or messages a second")->check(CLI::Range(0, 100'000'000));
  app.add_option("--bulk-rate", options.bulk_rate, "bytes a second of bulk in a mixed load");
  app.add_flag("--resets", options.resets, "sessions end by a reset of the client");
  std::unique_ptr<Load> (*make)(const Options&) = nullptr;
  app.add_subcommand("bulk")->callback([&make] { make = make_bulk; });
  app.add_subcommand("messages")->callback([&make] { make = make_messages; });
  app.add_subcommand("mixed")->callback([&make] { make = make_mixed; });
  app.add_subcommand("sessions")->callback([&make] { make = make_sessions; });
  app.add_subcommand("idle")->callback([&make] { make = make_idle; });
  app.add_subcommand("datagrams")->callback([&make] { make = make_datagrams; });
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);

  options.address = parse_address(address);
  const auto load = make(options);
  say("ready");
  obey(*load);
  return 0;
}

}  // namespace
}  // namespace lastbyte::bench

int main(int argc, char** argv) { return lastbyte::bench::run(argc, argv); }
