// Generates docs/check.md from the scenarios.
#include <algorithm>

#include "check/report/diagram.h"
#include "check/report/report.h"

namespace lastbyte::check {
namespace {

constexpr const char* kIntroduction = R"(# What `lastbyte check` grades

This file is generated: `lastbyte check --list --markdown docs/check.md` generates it again, and a test fails while it is out of date.

`lastbyte check` puts a proxy between a scripted client and a scripted server. They end their connection in each of the ways
below, and the checker reports whether both sides learned the right end. The clauses are those of [contract.md](contract.md).
[peers.md](peers.md) shows the results of well-known proxies.

```
lastbyte check --self
lastbyte check --command 'haproxy -db -f {config}'
lastbyte check --proxy 192.0.2.7:8080 --upstream-listen 192.0.2.1:9000
lastbyte check --command 'socat UNIX-LISTEN:{listen},fork UNIX:{upstream}' --variant unix
lastbyte check --peers --markdown peers.md --svg peers.svg --html peers.html
```

How the checker decides:

- Every byte is known: each side sends pseudo-random data from its own seed and checks the data that it receives.
- Plain TCP goes first: the checker plays each scenario without a proxy. If plain TCP fails although it should not, this
  machine cannot grade the scenario, and the checker skips it with the reason. The checker also skips a scenario that needs
  missing privileges, or that the proxy does not support. A skipped scenario never counts as passed.
- Each step of a script must succeed, especially the `expect` steps. Each side must receive everything that the other side
  sends, unless the scenario says otherwise. Every script has a time limit.
- A scenario passes if all of its rounds pass, because many proxies fail only sometimes. Each scenario below states its number
  of rounds. It is one if chance plays no part (a time that passes, a buffer that fills), or if a round grades hundreds of
  sessions. A variant plays a quarter of the rounds, at least one and at most four; with `--slow`, all. After a failed round,
  no further round begins once the time limit of the scenario has passed.
- If the proxy's process is known, the checker watches its memory and its sockets from outside.

## Variants

Some scenarios are also played over these variants, if the proxy speaks them (`--variant`). Their results have names like
`half-close-client@unix`:

VARIANTS

A side that ends its connection by RST always uses TCP, because UNIX sockets have no RST. A reset that is passed on to a UNIX
socket must appear as ECONNRESET, or as the end of both directions at once: these are the nearest forms (T14). A PROXY protocol
header to the server must have the right version and contain the client's address: the address of its connection, or the
address in the client's own header. Variants that the proxy does not speak are skipped.

## The scripts

The scripts are data (`src/check/scenarios/scenarios_*.cpp`). `src/peers/script.h` explains their verbs. In the diagrams, the proxy
is between the client and the server; neither of them should notice it.
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
    case Plain::may_lose: return "Plain TCP usually fails: a proxy can do better. ";
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
      return std::string("The ") + who + " must learn of a failure, or never accept a connection. ";
  }
  return "";
}

std::string of_crowd(const Crowd& crowd) {
  if (crowd.count == 0) return "";
  return std::to_string(crowd.count) + " other clients play `" + std::string(crowd.client) + "`" +
         (crowd.stays ? " and stay until the graded client has left. "
                      : " and leave before the graded client connects. ");
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
    out += "While nobody reads, a side may send at most " + std::to_string(kMemoryMost >> 10) +
           " MiB more than the kernel's largest buffers hold (tcp_rmem and tcp_wmem). ";
  if (scenario.watch_memory)
    out += "The memory of the proxy may grow by at most " + std::to_string(kMemoryMost >> 10) + " MiB. ";
  if (scenario.watch_sockets) out += "Afterwards the proxy must hold no more sockets than before. ";
  if (scenario.stops) out += "The proxy must stop listening at once, and exit when the session has ended. ";
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
         sequence_diagram(scenario) + "```\n\n" + conditions(scenario) + "\n\n*If it fails:* " +
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
