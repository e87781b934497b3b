#include "doctor/run.h"

#include <cstdio>

#include "base/descriptor.h"
#include "doctor/collect.h"
#include "doctor/print.h"
#include "doctor/rules/words.h"
#include "net/namespace/enter.h"

namespace lastbyte::doctor {
namespace {

constexpr int kExitNotHere = 2;

int fail(const Error& error) {
  std::fprintf(stderr, "lastbyte doctor: %s\n", error.text().c_str());
  return kExitNotHere;
}

int status_of(const std::vector<Finding>& findings) {
  // Findings are sorted: the worst is first.
  if (findings.empty()) return 0;
  switch (findings.front().severity) {
    case Severity::note: return 0;
    case Severity::warning: return 1;
    case Severity::critical: return 3;
  }
  return 0;
}

/// Returns the command that enters the namespace in a shell.
std::string entering(const net::NamespaceName& name) {
  using Kind = net::NamespaceName::Kind;
  switch (name.kind) {
    case Kind::own:
    case Kind::pidfd: return {};
    case Kind::path: return "nsenter --net=" + shell_word(name.path);
    case Kind::name: return "ip netns exec " + shell_word(name.path);
    case Kind::pid: return "nsenter --target " + std::to_string(name.number) + " --net";
  }
  return {};
}

int explain(const std::string& id) {
  std::string page;
  for (const Rule& rule : all_rules())
    if (id == "all" || rule.id == id) page += (page.empty() ? "" : "\n") + explanation(rule);
  std::fputs(page.c_str(), stdout);
  return 0;
}

}  // namespace

int run(const Options& options) {
  if (options.explain) return explain(*options.explain);
  net::NamespaceName name = options.network;
  if (name.own() && options.pid) name = {net::NamespaceName::Kind::pid, {}, *options.pid};
  auto network = net::open_namespace(name);
  if (!network) return fail(network.error());
  // Entering one's own namespace needs rights that examining it does not need.
  const auto own = net::open_namespace({});
  const bool elsewhere = !own || !net::same_namespace(*network, *own);
  const auto facts = collect({.network = elsewhere ? network->get() : -1,
                              .pid = options.pid,
                              .intrusive = options.intrusive,
                              .window = options.window,
                              .stuck_after = options.stuck_after,
                              .half_closed_after = options.half_closed_after,
                              .enter = elsewhere ? entering(name) : std::string()});
  if (!facts) return fail(facts.error());
  const auto findings = examine(*facts);
  std::fputs((options.json ? as_json(*facts, findings) : as_text(*facts, findings)).c_str(), stdout);
  // main() reports this error, but its status 1 would mean a warning here.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return kExitNotHere;
  return status_of(findings);
}

}  // namespace lastbyte::doctor
