// Prints reports as HTML and as docs/lab.md.
#include <algorithm>

#include "lab/report/measured.h"
#include "lab/report/report.h"
#include "page/html.h"

namespace lastbyte::lab {
namespace {

using page::escaped;

constexpr const char* kStyle =
    R"(th, td { padding: .25rem .6rem; border: 1px solid #ddd; text-align: left; vertical-align: top; }
td.differs { background: #f6c9c5; } td.same { background: #d3edd8; } td.not { background: #eee; }
h2 { margin-top: 2.5rem; } details { margin: .5rem 0; } svg { max-width: 100%; height: auto; }
)";

const char* class_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::same: return "same";
    case Verdict::differs: return "differs";
    case Verdict::not_observed: return "not";
  }
  return "";
}

std::string html_of(const Outcome& outcome) {
  const Experiment& experiment = *outcome.experiment;
  std::string out = "<h2>" + escaped(experiment.title) + "</h2>\n<p><code>" + escaped(experiment.name) +
                    "</code> over " + std::string(name_of(outcome.medium)) + ". " + escaped(experiment.question) +
                    "</p>\n";
  if (!outcome.not_played.empty()) return out + "<p>Not played: " + escaped(outcome.not_played) + ".</p>\n";
  if (!outcome.trouble.empty()) return out + "<p>Not observed: " + escaped(outcome.trouble) + "</p>\n";
  out += "<div class=\"scroll\"><table><thead><tr><th>What</th><th>Expected</th><th>Seen</th></tr></thead><tbody>\n";
  for (const Row& row : outcome.rows)
    out += "<tr><td>" + escaped(row.name) + "</td><td>" + escaped(row.expected) + "</td><td class=\"" +
           class_of(row.verdict) + "\">" +
           escaped(row.verdict == Verdict::not_observed ? "not observed: " + row.seen : row.seen) + "</td></tr>\n";
  out += "</tbody></table></div>\n";
  if (!outcome.no_tracepoints.empty())
    out += "<p>Tracepoints of the kernel: not observed: " + escaped(outcome.no_tracepoints) + "</p>\n";
  if (!outcome.measured.empty()) out += "<p>Measured in this run, and not compared:</p>\n<ul>\n";
  for (const Measured& each : outcome.measured)
    out += "<li>" + escaped(each.name) + ": " + escaped(each.value) + "</li>\n";
  if (!outcome.measured.empty()) out += "</ul>\n";
  if (outcome.measurement) out += measured_html(*outcome.measurement);
  for (const Scene& scene : outcome.scenes)
    out += "<details><summary>" + escaped(scene.name) + "</summary>\n" + page::svg(sequence_of(scene)) + "</details>\n";
  return out + "<p><b>Finding.</b> " + escaped(experiment.finding) + "</p>\n<p><b>Advice.</b> " +
         escaped(experiment.advice) + "</p>\n";
}

constexpr const char* kIntroduction = R"(# The kernel's rules, reproduced: `lastbyte lab`

`lastbyte lab run --all --slow --markdown docs/lab.md` generates this file, and a test fails while its text is stale. The
diagrams show a run over loopback, without times.

`lastbyte lab` runs small experiments with TCP on the running kernel, in network namespaces that vanish with the run. It
compares each row with the expected behaviour of Linux 6.18, and exits with status 1 if this kernel differs.

```
lastbyte lab list
lastbyte lab run close-unread
lastbyte lab run --all --html lab.html --out captures
lastbyte lab explain bind-matrix
lastbyte lab facts
```

A row that cannot be observed, because a privilege or a kernel feature is missing, counts as *not observed* and never as
agreement. Each experiment runs over loopback and over a pair of virtual Ethernet devices (veth), but for `unix-sockets`:
UNIX sockets pass no network interface.

`--all` runs the experiments that take seconds, in less than a minute in total. `--all --slow` also runs the experiments that
`lastbyte lab list` marks: they count many requests. An experiment that is named always runs. `--requests`, `--rate` and
`--seed` set the number of requests, the share that meets a fault, and the choice of these.
)";

std::string section(const Experiment& experiment, const Outcome* outcome) {
  std::string out = "\n## " + std::string(experiment.name) + "\n\n" + std::string(experiment.title) + ". " +
                    std::string(experiment.question) +
                    "\n\n| what | expected | over veth | source or reason |\n|---|---|---|---|\n";
  for (const Expectation& each : experiment.table)
    out += "| " + escaped(each.row) + " | " + escaped(each.expected) + " | " +
           escaped(!experiment.no_veth.empty() ? "not played"
                   : each.veth.empty()         ? "the same"
                                               : each.veth) +
           " | " + escaped(each.why) + " |\n";
  out += "\n*Finding:* " + std::string(experiment.finding) + "\n\n*Advice:* " + std::string(experiment.advice) + "\n";
  if (outcome != nullptr && outcome->measurement) out += measured_markdown(*outcome->measurement);
  if (outcome != nullptr && !outcome->scenes.empty())
    out += "\n" + outcome->scenes.front().name + ":\n\n```mermaid\n" +
           page::mermaid(sequence_of(outcome->scenes.front())) + "```\n";
  return out;
}

}  // namespace

std::string html(std::span<const Outcome> outcomes, const std::string& kernel) {
  std::string body =
      "<p>Made by <code>lastbyte lab</code> on Linux " + escaped(kernel) + ". " + escaped(summary(outcomes)) + "</p>\n";
  for (const Outcome& each : outcomes) body += html_of(each);
  return page::document("The kernel's rules of TCP endings", kStyle, body);
}

std::string markdown(std::span<const Experiment* const> experiments, std::span<const Outcome> outcomes) {
  std::string out = kIntroduction;
  for (const Experiment* each : experiments) {
    const auto found = std::ranges::find_if(
        outcomes, [&](const Outcome& one) { return one.experiment == each && one.medium == Medium::loopback; });
    out += section(*each, found == outcomes.end() ? nullptr : &*found);
  }
  return out;
}

}  // namespace lastbyte::lab
