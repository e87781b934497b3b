// `lastbyte lab`: experiments with the kernel's TCP.
#include "lab/lab.h"

#include <charconv>
#include <cstdint>
#include <limits>

#include "cli/subcommands.h"

namespace lastbyte::cli {

namespace {

constexpr std::string_view kLab = "lab";

constexpr std::uint32_t kLeastRequests = 100;
constexpr std::uint32_t kMostRequests = 1'000'000;
constexpr double kLeastRate = 0.1;
constexpr double kMostRate = 50;

/// Returns false if the text is no number, or outside the bounds.
template <typename Number>
bool read_number(const std::string& text, Number least, Number most, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && end == text.data() + text.size() && into >= least && into <= most;
}

/// Returns what is wrong; empty: nothing.
std::string read_trials(const Arguments& arguments, lab::Trials& trials) {
  if (const auto text = arguments.first("requests");
      text && !read_number<std::uint32_t>(*text, kLeastRequests, kMostRequests, trials.requests))
    return "--requests: '" + *text + "': expected 100 to 1000000";
  double percent = trials.rate * 100;
  if (const auto text = arguments.first("rate"); text && !read_number(*text, kLeastRate, kMostRate, percent))
    return "--rate: '" + *text + "': expected 0.1 to 50, in percent";
  trials.rate = percent / 100;
  if (const auto text = arguments.first("seed");
      text && !read_number<std::uint64_t>(*text, 0, std::numeric_limits<std::uint64_t>::max(), trials.seed))
    return "--seed: '" + *text + "': expected a whole number from 0";
  return "";
}

int run_lab(const Arguments& arguments) {
  const auto& operands = arguments.operands();
  const std::string what = operands.empty() ? "" : operands.front();
  const std::vector<std::string> names(operands.empty() ? operands.end() : operands.begin() + 1, operands.end());
  if (what == "list") return names.empty() ? lab::print_list() : usage_error(kLab, "list takes no name");
  if (what == "facts") return names.empty() ? lab::run_facts() : usage_error(kLab, "facts takes no name");
  if (what == "explain")
    return names.size() == 1 ? lab::print_explanation(names.front()) : usage_error(kLab, "explain: expected one NAME");
  if (what != "run")
    return usage_error(kLab, "expected list, run, explain or facts" + (what.empty() ? "" : ", not '" + what + "'"));
  if (names.empty() != arguments.has("all")) return usage_error(kLab, "run: expected names of experiments, or --all");
  lab::RunOptions options{.names = names,
                          .slow = arguments.has("slow"),
                          .media = {},
                          .trials = {},
                          .verbose = arguments.has("verbose"),
                          .json = arguments.first("json").value_or(""),
                          .html = arguments.first("html").value_or(""),
                          .markdown = arguments.first("markdown").value_or(""),
                          .directory = arguments.first("out").value_or("")};
  if (const auto on = arguments.first("on"); on && *on != "loopback" && *on != "veth")
    return usage_error(kLab, "--on: expected loopback or veth, not '" + *on + "'");
  else if (on)
    options.media = {*on == "veth" ? lab::Medium::veth : lab::Medium::loopback};
  if (const std::string wrong = read_trials(arguments, options.trials); !wrong.empty()) return usage_error(kLab, wrong);
  return lab::run(options);
}

}  // namespace

Command lab_command() {
  return {
      .name = std::string(kLab),
      .summary = "Show the rules of TCP endings on this kernel by experiments.",
      .usage = "lab list\nlab run NAME... | --all [OPTIONS]\nlab explain NAME\nlab facts",
      .notes =
          "Exit status: 0 this kernel behaves as expected, 1 a row differs, 2 wrong usage, nothing could be observed, "
          "or "
          "a file could not be written. "
          "A row that cannot be observed is reported as such and never counts as agreement.\n"
          "Experiments run in namespaces of their own and leave nothing behind. They need root or unprivileged user "
          "namespaces.",
      .options =
          {
              {.flag = "all", .placeholder = "", .help = "Run every experiment.", .group = "Options"},
              {.flag = "slow",
               .placeholder = "",
               .help = "With --all: also run the experiments that take a minute or more (lab list marks them). A named "
                       "experiment always runs.",
               .group = "Options"},
              {.flag = "on",
               .placeholder = "MEDIUM",
               .help = "Run only over loopback or veth (default: both).",
               .group = "Options"},
              {.flag = "requests",
               .placeholder = "N",
               .help = "Requests that resilience sends through each system (default: 10000).",
               .group = "Options"},
              {.flag = "rate",
               .placeholder = "PERCENT",
               .help = "Share of these requests that a fault meets (default: 3.2).",
               .group = "Options"},
              {.flag = "seed",
               .placeholder = "N",
               .help = "Chooses these requests: equal seeds give equal plans (default: 1).",
               .group = "Options"},
              {.flag = "verbose",
               .placeholder = "",
               .help = "Print the diagram of every scene, and the kernel's counters.",
               .group = "Options"},
              {.flag = "json",
               .placeholder = "FILE",
               .help = "Write the outcomes as JSON; - is standard output.",
               .group = "Options"},
              {.flag = "html",
               .placeholder = "FILE",
               .help = "Write one self-contained page with all diagrams.",
               .group = "Options"},
              {.flag = "markdown", .placeholder = "FILE", .help = "Write docs/lab.md.", .group = "Options"},
              {.flag = "out",
               .placeholder = "DIR",
               .help = "Write a capture (pcapng, with calls as comments) and diagrams of each run into this directory.",
               .group = "Options"},
          },
      .run = run_lab,
      .operands = 64,
      .words = {"list", "run", "explain", "facts"}};
}

}  // namespace lastbyte::cli
