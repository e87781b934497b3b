// Generates docs/check.md from the scenarios.
#include <algorithm>

#include "check/report/diagram.h"
#include "check/report/report.h"

namespace lastbyte::check {
namespace {

constexpr const char* kIntroduction = R"(# What `lastbyte check` grades

This file is generated: `lastbyte check --list --markdown docs/check.md` writes it anew, and a test fails while it is stale.

`lastbyte check` puts a scripted client and a scripted server around a proxy, lets them end their connection in one of the
ways below, and says what came of it. The clauses are those of [contract.md](contract.md). [peers.md](peers.md) shows how
well-known proxies do.

```
lastbyte check --self
lastbyte check --command 'haproxy -db -f {config}'
lastbyte check --proxy 192.0.2.7:8080 --upstream-listen 192.0.2.1:9000
lastbyte check --command 'socat UNIX-LISTEN:{listen},fork UNIX:{upstream}' --variant unix
lastbyte check --peers --markdown peers.md --svg peers.svg --html peers.html
```

How a verdict comes about:

- Every byte is known: each side sends a stream of noise with a seed of its own and checks what it receives.
- Plain TCP goes first. Each scenario is played without a proxy, and where that fails although it should not, the
  scenario is skipped with the reason: this machine cannot grade it. What cannot be played, for want of privileges
  or because the proxy cannot do it, is skipped too, and never counts as passed.
- Each step of a script must go as written, above all the `expect` ones, and each side must receive everything that the other
  one sends, unless the scenario says otherwise. Every script has a time limit.
- A scenario passes if every one of its rounds does: many proxies are wrong only sometimes. Each scenario says below how many
  rounds it takes. It takes one where luck has no part (a time that passes, a buffer that fills) or where hundreds of sessions
  are graded at once. A variant plays a quarter of the rounds, one at least and four at most; with `--slow`, all. After a round
  that failed, no other begins once the time limit of the scenario has passed.
- Where the proxy's process is known, its memory and its sockets are watched from outside.

## Variants

Scenarios whose text says so are played over these as well, where the proxy speaks them (`--variant`); their results
have names like `half-close-client@unix`:

VARIANTS

A side that ends its connection by RST is on TCP always: a UNIX socket has none. A reset that is passed on to a UNIX socket
must show as ECONNRESET or as the end of both directions at once, the nearest forms that exist (T14). A PROXY protocol
header that the server gets must be of the right version and tell of the client: of its own address, or of the one that
its own header told. What the proxy does not speak is skipped.

## The scripts

The scripts are data (`src/check/scenarios/scenarios_*.cpp`); their verbs are explained in `src/peers/script.h`. In the diagrams the
proxy stands between the two and should not be noticed.
)";

std::string of_place(const Scenario& scenario) {
  switch (scenario.place) {
    case Place::here: return "";
    case Place::own:
      return "Played in a network namespace in which the kernel gives up after a few seconds; needs root. ";
    case Place::far_away:
      return "Only with `--lossy`: over two links in network namespaces, each with 10 ms of delay one way, 1 % of loss "
             "and "
             "2 % of packets that come late; needs root. ";
  }
  return "";
}

std::string of_plain(Plain plain) {
  switch (plain) {
    case Plain::holds: return "Plain TCP passes. ";
    case Plain::may_lose: return "Plain TCP fails as a rule: a proxy can do better than none. ";
    case Plain::no_meaning: return "Without a proxy it has no meaning. ";
  }
  return "";
}

std::string of_needs(Needs needs) {
  switch (needs) {
    case Needs::nothing: return "";
    case Needs::process: return "Needs to know the proxy's process. ";
    case Needs::two_of_them: return "Needs to start two proxies in a row. ";
  }
  return "";
}

std::string of_ending(const char* who, const Wanted& wants) {
  switch (wants.ending) {
    case Ending::as_scripted: return "";
    case Ending::failure: return std::string("The ") + who + " must learn of a failure, and never see a clean end. ";
    case Ending::failure_or_nothing:
      return std::string("The ") + who + " must learn of a failure, or never be connected to. ";
  }
  return "";
}

std::string of_crowd(const Crowd& crowd) {
  if (crowd.count == 0) return "";
  return "Around it, " + std::to_string(crowd.count) + " other clients play `" + std::string(crowd.client) + "`" +
         (crowd.stays ? ", and stay until it has gone. " : ", and have gone before it comes. ");
}

std::string of_variants(const Scenario& scenario) {
  std::string names;
  bool all = true;
  for (const Variant& each : variants().subspan(1)) {
    if (has_meaning(scenario, each)) {
      names += (names.empty() ? "" : ", ") + std::string(each.name);
    } else {
      all = false;
    }
  }
  if (all) return "Also in all variants. ";
  return names.empty() ? "" : "Also in the variants " + names + ". ";
}

std::string conditions(const Scenario& scenario) {
  std::string out = of_ending("client", scenario.client_wants) + of_ending("server", scenario.server_wants);
  if (scenario.sessions > 1) out += std::to_string(scenario.sessions) + " sessions at once. ";
  out += of_crowd(scenario.crowd);
  if (scenario.client_wants.bounded || scenario.server_wants.bounded)
    out += "While nobody reads, at most " + std::to_string(kMemoryMost >> 10) +
           " MiB more may be taken than the kernel's largest buffers hold (tcp_rmem and tcp_wmem). ";
  if (scenario.watch_memory) out += "The proxy may grow by " + std::to_string(kMemoryMost >> 10) + " MiB. ";
  if (scenario.watch_sockets) out += "Afterwards the proxy must hold no more sockets than before. ";
  if (scenario.stops) out += "The proxy must stop listening at once, and end once the session has. ";
  out += std::to_string(scenario.rounds) + (scenario.rounds == 1 ? " round" : " rounds");
  if (scenario.slow_rounds != 0) out += ", " + std::to_string(scenario.slow_rounds) + " with `--slow`";
  out += ". ";
  out += of_needs(scenario.needs) + of_place(scenario);
  if (scenario.slow) out += "Only with `--slow`. ";
  out += of_variants(scenario);
  out += of_plain(scenario.plain);
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string section(const Scenario& scenario) {
  std::string clause(scenario.clause);
  return "\n### " + std::string(scenario.name) + "\n\n" + std::string(scenario.title) + " (" + clause +
         ").\n\n```\nclient  " + std::string(scenario.client) + "\nserver  " +
         std::string(scenario.server.empty() ? "(nobody)" : scenario.server) + "\n```\n\n```mermaid\n" +
         sequence_diagram(scenario) + "```\n\n" + conditions(scenario) + "\n\n*Where it fails:* " +
         std::string(scenario.notice) + "\n";
}

struct Chapter {
  std::span<const Scenario> table;
  const char* title;
};

}  // namespace

std::string list_markdown(const std::vector<const Scenario*>& chosen) {
  std::string names;
  for (const Variant& each : variants())
    names += "- `" + std::string(each.name) + "`: " + std::string(each.title) + "\n";
  std::string out = kIntroduction;
  constexpr std::string_view kMark = "VARIANTS\n\n";
  out.replace(out.find(kMark), kMark.size(), names + "\n");
  for (const Chapter& chapter :
       {Chapter{half_close_scenarios(), "Half-close and data"}, Chapter{connecting_scenarios(), "Connecting"},
        Chapter{reset_scenarios(), "Resets and vanished peers"}, Chapter{refusal_scenarios(), "Refusals and lingering"},
        Chapter{load_scenarios(), "Load, isolation, TIME_WAIT, stopping, chains"},
        Chapter{lossy_scenarios(), "Far away"}}) {
    std::string sections;
    for (const Scenario& each : chapter.table) {
      const bool wanted = std::ranges::any_of(chosen, [&](const Scenario* one) { return one->name == each.name; });
      if (wanted) sections += section(each);
    }
    if (!sections.empty()) out += "\n## " + std::string(chapter.title) + "\n" + sections;
  }
  return out;
}

}  // namespace lastbyte::check
