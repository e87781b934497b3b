// lab: experiments that show the rules of the kernel's TCP on the kernel that runs. This file: all that a caller needs.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/terms/outcome.h"
#include "lab/terms/trials.h"

namespace lastbyte::lab {

/// Exit statuses, as the manual has them.
inline constexpr int kExitAgrees = 0;
inline constexpr int kExitDiffers = 1;  ///< a row differs on this kernel
inline constexpr int kExitCannot = 2;   ///< wrong usage, or nothing could be played

struct RunOptions {
  std::vector<std::string> names = {};  ///< empty: all, but the slow ones without `slow`
  bool slow = false;
  std::vector<Medium> media = {};  ///< empty: both
  Trials trials = {};              ///< of experiments that count
  bool verbose = false;            ///< all diagrams and the counters
  // Files to write; empty: none; "-": standard output, and nothing else there
  std::string json = {};
  std::string html = {};
  std::string markdown = {};
  std::string directory = {};  ///< made where it is not there; gets NAME-MEDIUM.pcapng, .svg and .mmd
};

/// Plays experiments in namespaces of their own and prints what came of them; the result is the exit status. Blocks.
int run(const RunOptions& options);
/// Prints the table of docs/kernel-facts.md, with each fact tried on the running kernel. Exit status as run().
int run_facts();
/// Prints all experiments, or what one of them is about.
int print_list();
int print_explanation(const std::string& name);

/// Plays one, in the present process, which may make namespaces.
Outcome play(const Experiment& experiment, Medium medium, const Trials& trials = {});

}  // namespace lastbyte::lab
