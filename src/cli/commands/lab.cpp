// `lastbyte lab`: experiments with the kernel's TCP.
#include "lab/lab.h"

#include "cli/subcommands.h"

namespace lastbyte::cli {

namespace {

constexpr std::string_view kLab = "lab";

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
                          .verbose = arguments.has("verbose"),
                          .json = arguments.first("json").value_or(""),
                          .html = arguments.first("html").value_or(""),
                          .markdown = arguments.first("markdown").value_or(""),
                          .directory = arguments.first("out").value_or("")};
  if (const auto on = arguments.first("on"); on && *on != "loopback" && *on != "veth")
    return usage_error(kLab, "--on: expected loopback or veth, not '" + *on + "'");
  else if (on)
    options.media = {*on == "veth" ? lab::Medium::veth : lab::Medium::loopback};
  return lab::run(options);
}

}  // namespace

Command lab_command() {
  return {
      .name = std::string(kLab),
      .summary = "Show the rules of TCP endings on this kernel by experiments.",
      .usage = "lab list\nlab run NAME... | --all [OPTIONS]\nlab explain NAME\nlab facts",
      .notes =
          "Exit status: 0 this kernel behaves as expected, 1 a row differs, 2 wrong usage or nothing could be played. "
          "A row that could not be observed is told as such and never counts as agreement.\n"
          "Experiments run in namespaces of their own, as root or where unprivileged user namespaces are allowed, and "
          "leave nothing behind.",
      .options =
          {
              {.flag = "all", .placeholder = "", .help = "Run every experiment.", .group = "Options"},
              {.flag = "slow", .placeholder = "", .help = "With --all: also those that take long.", .group = "Options"},
              {.flag = "on",
               .placeholder = "MEDIUM",
               .help = "Only over loopback or veth (default: both).",
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
