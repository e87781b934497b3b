// What experiments have found, for people and for machines. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "lab/terms/outcome.h"
#include "page/sequence.h"

namespace lastbyte::lab {

/// The calls and segments of a scene between the two hosts, with times since its beginning.
page::Sequence sequence_of(const Scene& scene);

/// The table, what differs, the diagram of the first scene (all with `verbose`), the finding and the advice.
std::string text(const Outcome& outcome, bool verbose);
/// How many rows agree over all, in one line.
std::string summary(std::span<const Outcome> outcomes);
/// One document for all.
std::string json(std::span<const Outcome> outcomes, const std::string& kernel);
/// One self-contained page for all, with every diagram.
std::string html(std::span<const Outcome> outcomes, const std::string& kernel);
/// All packets of an outcome, with calls as comments.
std::string capture_of(const Outcome& outcome, const std::string& kernel);

/// What an experiment tries, expects and advises, without playing it.
std::string explanation(const Experiment& experiment);
/// "NAME  title", a line each.
std::string list(std::span<const Experiment* const> experiments);
/// docs/lab.md: a section for each, with the diagram of its first scene.
std::string markdown(std::span<const Experiment* const> experiments, std::span<const Outcome> outcomes);

}  // namespace lastbyte::lab
