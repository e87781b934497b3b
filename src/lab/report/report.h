// Prints the findings of experiments, for people and for machines. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/terms/outcome.h"
#include "page/sequence.h"

namespace lastbyte::lab {

/// Returns a scene's calls and segments between the two hosts, with times since its beginning. Repetitions are folded.
page::Sequence sequence_of(const Scene& scene);

/// Returns the table, the rows that differ, the diagram of the first scene (of all scenes with `verbose`), the finding
/// and the advice.
std::string text(const Outcome& outcome, bool verbose);
/// Returns one line: how many rows agree in total.
std::string summary(std::span<const Outcome> outcomes);
/// Returns one document for all outcomes.
std::string json(std::span<const Outcome> outcomes, const std::string& kernel);
/// Returns one self-contained page for all outcomes, with every diagram.
std::string html(std::span<const Outcome> outcomes, const std::string& kernel);
/// Returns all packets of an outcome, with calls as comments.
std::string capture_of(const Outcome& outcome, const std::string& kernel);

/// Returns what an experiment tries, expects and advises, without running it.
std::string explanation(const Experiment& experiment);
/// Returns one line "NAME  title" per experiment.
std::string list(std::span<const Experiment* const> experiments);
/// Returns docs/lab.md: one section per experiment, with the diagram of its first scene.
std::string markdown(std::span<const Experiment* const> experiments, std::span<const Outcome> outcomes);

}  // namespace lastbyte::lab
