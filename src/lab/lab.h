// lab: experiments that show the rules of TCP on the running kernel. This file: the interface for callers.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/terms/outcome.h"
#include "lab/terms/trials.h"

namespace lastbyte::lab {

/// Exit statuses, as in the manual.
inline constexpr int kExitAgrees = 0;
inline constexpr int kExitDiffers = 1;  ///< a row differs on this kernel
inline constexpr int kExitCannot = 2;   ///< wrong usage, nothing could be observed, or a file could not be written

struct RunOptions {
  std::vector<std::string> names = {};  ///< empty: all experiments, the slow ones only with `slow`
  bool slow = false;
  std::vector<Medium> media = {};  ///< empty: both
  Trials trials = {};              ///< only for experiments that count
  bool verbose = false;            ///< print all diagrams and the counters
  // Files to write. Empty: none. "-": standard output, which then has nothing else.
  std::string json = {};
  std::string html = {};
  std::string markdown = {};
  std::string directory = {};  ///< created if missing; receives NAME-MEDIUM.pcapng, .svg and .mmd
};

/// Runs experiments in namespaces of their own and prints the results. Returns the exit status. Blocks.
int run(const RunOptions& options);
/// Tries each fact of docs/kernel-facts.md on the running kernel and prints the table. Exit status as run().
int run_facts();
/// Prints all experiments, or explains one.
int print_list();
int print_explanation(const std::string& name);

/// Returns the exit status after these outcomes.
int status_of(std::span<const Outcome> outcomes);

/// Runs one experiment in the present process, which may make namespaces.
Outcome play(const Experiment& experiment, Medium medium, const Trials& trials = {});

}  // namespace lastbyte::lab
