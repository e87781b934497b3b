#include "doctor/options.h"

#include <algorithm>
#include <array>

#include "base/amount.h"
#include "doctor/rules/rules.h"

namespace lastbyte::doctor {
namespace {

using Value = std::string_view;

Result<void> set_pid(Options& options, Value value) {
  const auto pid = whole_number(value, 1, INT32_MAX);
  if (!pid) return Failure(pid.error());
  options.pid = static_cast<std::uint32_t>(*pid);
  return {};
}

Result<void> set_network(Options& options, Value value) {
  auto name = net::NamespaceName::parse(value);
  if (!name) return failure("'" + std::string(value) + "'", 0, name.error());
  options.network = *name;
  return {};
}

Result<void> set_explain(Options& options, Value value) {
  const auto all = all_rules();
  if (std::ranges::find(all, value, &Rule::id) == all.end())
    return not_as_expected(value, "the id of a rule; `lastbyte doctor --explain all` lists them");
  options.explain = std::string(value);
  return {};
}

Result<void> set_window(Options& options, Value value) {
  const auto length = parse_duration(value, {.bare_seconds = true, .fractions = true});
  if (!length || *length > std::chrono::hours(1)) return not_as_expected(value, "seconds from 0 to 3600");
  options.window = std::chrono::ceil<std::chrono::milliseconds>(*length);
  return {};
}

Result<void> set_age(std::chrono::seconds& age, Value value) {
  const auto seconds = whole_number(value, 0, INT32_MAX);
  if (!seconds) return not_as_expected(value, "seconds from 0 to 2147483647");
  age = std::chrono::seconds(*seconds);
  return {};
}

constexpr std::array kFlags{
    Flag{"pid", "PID", "Examine this process too: its sockets with their options, in its network namespace.", set_pid},
    Flag{"intrusive", "",
         "With --pid, where BPF does not load: take each socket's descriptor of the process for a moment, to read its "
         "options. Meanwhile its close() of that descriptor sends no FIN.",
         [](Options& options, Value) -> Result<void> {
           options.intrusive = true;
           return {};
         }},
    Flag{"netns", "NAMESPACE", "Examine this network namespace: a name of `ip netns`, a path, or pid:NUMBER.",
         set_network},
    Flag{"window", "SECONDS", "How long to watch the counters. Default: 1.", set_window},
    Flag{"stuck-after", "SECONDS",
         "How long a socket in CLOSE_WAIT or FIN_WAIT2 may be idle before it is a finding. Default: 60.",
         [](Options& options, Value value) { return set_age(options.stuck_after, value); }},
    Flag{"half-closed-after", "SECONDS",
         "With --pid, how long a half-closed connection may be idle before it is a finding. Default: 3600.",
         [](Options& options, Value value) { return set_age(options.half_closed_after, value); }},
    Flag{"json", "", "Print one JSON object.",
         [](Options& options, Value) -> Result<void> {
           options.json = true;
           return {};
         }},
    Flag{"explain", "ID", "Explain a rule, or with `all` every rule, and examine nothing.",
         [](Options& options, Value value) -> Result<void> {
           if (value != "all") return set_explain(options, value);
           options.explain = "all";
           return {};
         }},
};

}  // namespace

std::span<const Flag> flags() { return kFlags; }

Result<Options> parse(GivenFlags given) {
  Options options;
  if (auto applied = apply_flags(flags(), given, options); !applied) return Failure(applied.error());
  if (options.intrusive && !options.pid) return failure("--intrusive", 0, "it is for --pid");
  return options;
}

}  // namespace lastbyte::doctor
