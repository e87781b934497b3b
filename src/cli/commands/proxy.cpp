// `lastbyte proxy`: the forwarder, configured by flags or by a file.
#include "proxy/proxy.h"

#include <cstdio>
#include <iostream>
#include <iterator>

#include "cli/subcommands.h"
#include "config/settings/config.h"
#include "config/settings/settings.h"

namespace lastbyte::cli {

namespace {

constexpr std::string_view kConfigFlag = "config";
constexpr std::string_view kCheckFlag = "check-config";
constexpr std::string_view kPrintFlag = "print-config";
constexpr std::string_view kStandardInput = "-";

std::string help_of(const config::Setting& setting) {
  std::string text =
      setting.meaning + " " + (setting.list ? "A list with commas, or repeated: " : "Expects ") + setting.expects + ".";
  if (!setting.required) text += " Default: " + setting.standard + ".";
  return text;
}

std::vector<Option> proxy_options() {
  const std::string general = "General";
  std::vector<Option> all = {
      {.flag = std::string(kConfigFlag),
       .placeholder = "FILE",
       .help = "Read forwardings and all other settings from a YAML file, or from standard input with -, which cannot "
               "be read again for a reload. Flags of the groups Process and Session records override it; flags of a "
               "forwarding are not allowed with it.",
       .group = general},
      {.flag = std::string(kCheckFlag),
       .placeholder = "",
       .help = "Check the configuration, from flags or a file, and exit: 0 if it is right, 2 if not.",
       .group = general},
      {.flag = std::string(kPrintFlag),
       .placeholder = "",
       .help = "Print the configuration as YAML, defaults filled in, and exit.",
       .group = general}};
  for (const config::Heading heading : config::kHeadings) {
    for (const config::Setting& setting : config::settings()) {
      if (setting.heading != heading || setting.flag.empty()) continue;
      all.push_back({.flag = setting.flag,
                     .placeholder = setting.placeholder,
                     .help = help_of(setting),
                     .group = std::string(config::title(heading))});
    }
  }
  return all;
}

std::string all_of_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

config::Loaded load(const Arguments& arguments) {
  std::vector<config::Flag> flags;
  if (const auto& ends = arguments.operands(); ends.size() == 2) flags = {{"listen", ends[0]}, {"connect", ends[1]}};
  for (const auto& [flag, value] : arguments.all()) {
    if (config::find_flag(flag) != nullptr) flags.push_back({flag, value});
  }
  const auto file = arguments.first(kConfigFlag);
  if (file == kStandardInput) return config::load_yaml(all_of_standard_input(), "standard input", flags);
  return file ? config::load_file(*file, flags) : config::load_flags(flags);
}

int print_ok(const config::Config& config) {
  const std::size_t count = config.forwardings.size();
  std::printf("ok: %zu forwarding%s\n", count, count == 1 ? "" : "s");
  return kExitOk;
}

int run_proxy(const Arguments& arguments) {
  if (arguments.count(kConfigFlag) > 1) return usage_error("proxy", "--config: given twice; expected once");
  if (arguments.has(kCheckFlag) && arguments.has(kPrintFlag)) {
    return usage_error("proxy", "--check-config and --print-config exclude each other; both check");
  }
  const auto& operands = arguments.operands();
  if (operands.size() == 1) {
    return usage_error("proxy", "'" + operands.front() + "' stands alone; expected LISTEN and CONNECT");
  }
  if (arguments.all().empty() && operands.empty()) {
    return usage_error("proxy", "nothing to forward; expected LISTEN and CONNECT, --listen and --connect, or --config");
  }
  const config::Loaded loaded = load(arguments);
  for (const config::Problem& problem : loaded.problems) {
    std::fprintf(stderr, "lastbyte proxy: %s\n", problem.text().c_str());
  }
  const bool serves = loaded.config && !arguments.has(kCheckFlag) && !arguments.has(kPrintFlag);
  for (const config::Problem& warning : loaded.warnings) {
    if (!serves) std::fprintf(stderr, "lastbyte proxy: warning: %s\n", warning.text().c_str());
  }
  if (!loaded.config) return kExitUsage;
  if (arguments.has(kCheckFlag)) return print_ok(*loaded.config);
  if (arguments.has(kPrintFlag)) {
    std::fputs(config::print_yaml(*loaded.config).c_str(), stdout);
    return kExitOk;
  }
  const auto file = arguments.first(kConfigFlag);
  if (!file || file == kStandardInput) return proxy::run(*loaded.config, {}, loaded.places, loaded.warnings);
  return proxy::run(*loaded.config, [arguments] { return load(arguments); }, loaded.places, loaded.warnings);
}

}  // namespace

Command proxy_command() {
  return {.name = "proxy",
          .summary = "Forward connections of TCP, UDP and UNIX sockets, and end each as its peers ended it.",
          .usage =
              "proxy LISTEN CONNECT [OPTIONS]\n"
              "proxy --listen ENDPOINT --connect ENDPOINT [OPTIONS]\n"
              "proxy --config FILE [OPTIONS]\n"
              "proxy --check-config ...",
          .notes =
              "Endpoints are tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS for all addresses, the same with udp, "
              "unix:/PATH or unix:@NAME. PORTS are one, or a list with ranges: 80,8000-8010. HOST:PORTS is tcp, and "
              "PORTS alone are those of 127.0.0.1. LISTEN and CONNECT are endpoints.\n"
              "Durations have a unit: 500ms, 5s, 2m, 1h, 1d. Sizes may have one: 4096, 64k, 4M, 1G.\n"
              "Exit status: 0 after a stop by signal, 1 if something was not available at the start, 2 if the command "
              "line or the configuration is wrong.\n"
              "Example: lastbyte proxy 8080 10.0.0.6:80",
          .options = proxy_options(),
          .run = run_proxy,
          .operands = 2};
}

}  // namespace lastbyte::cli
