#include <sys/utsname.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"
#include "lab/experiments/experiments.h"
#include "lab/isolate.h"
#include "lab/lab.h"
#include "lab/output.h"
#include "lab/report/facts.h"
#include "lab/report/report.h"
#include "lab/stage/stage.h"

namespace lastbyte::lab {
namespace {

/// The number of experiments at once: an experiment mostly waits.
constexpr unsigned kAtOnce = 8;

constexpr const char* kNeedsNamespaces =
    "; experiments need namespaces of their own: root, or unprivileged user namespaces";

void complain(const std::string& text) { std::fprintf(stderr, "lastbyte lab: %s\n", text.c_str()); }

/// Returns false after a message. A reader that has left wants none.
bool done(const Result<void>& result) {
  if (!result && result.error().code != EPIPE) complain(result.error().text());
  return result.has_value();
}

std::string kernel_release() {
  utsname name{};
  ::uname(&name);
  return name.release;
}

struct Files {
  Output json;
  Output html;
  Output markdown;
  Descriptor directory;

  /// Whether standard output has only the file.
  bool only_file = false;
};

Result<Files> open_files(const RunOptions& options) {
  Files files;
  for (const auto& [path, to] : {std::pair(&options.json, &files.json), std::pair(&options.html, &files.html),
                                 std::pair(&options.markdown, &files.markdown)}) {
    auto opened = open_output(*path);
    if (!opened) return Failure(opened.error());
    *to = std::move(*opened);
    files.only_file = files.only_file || *path == "-";
  }
  auto directory = open_output_directory(options.directory);
  if (!directory) return Failure(directory.error());
  files.directory = std::move(*directory);
  return files;
}

struct Wanted {
  const Experiment* experiment;
  Medium medium;
};

Result<std::vector<Wanted>> wanted(const RunOptions& options) {
  std::vector<const Experiment*> chosen;
  for (const std::string& name : options.names) {
    const Experiment* found = find_experiment(name);
    if (found == nullptr) return failure("no experiment '" + name + "'", 0, "lastbyte lab list prints them all");
    chosen.push_back(found);
  }
  if (options.names.empty())
    std::ranges::copy_if(experiments(), std::back_inserter(chosen),
                         [&](const Experiment* each) { return options.slow || !each->slow; });
  std::vector<Wanted> all;
  for (const Experiment* each : chosen) {
    for (const Medium medium : {Medium::loopback, Medium::veth}) {
      const bool asked = options.media.empty() || std::ranges::find(options.media, medium) != options.media.end();
      if (asked) all.push_back({each, medium});
    }
  }
  return all;
}

/// Runs several experiments at a time. Passes each outcome to `told` in order, as soon as all before it are there.
std::vector<Outcome> play_all(const std::vector<Wanted>& all, const Trials& trials,
                              const std::function<void(const Outcome&)>& told) {
  std::vector<std::optional<Outcome>> done(all.size());
  std::mutex mutex;
  std::size_t next_told = 0;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t at = next++; at < all.size(); at = next++) {
      Outcome outcome = play(*all[at].experiment, all[at].medium, trials);
      const std::lock_guard lock(mutex);
      done[at] = std::move(outcome);
      for (; next_told < all.size() && done[next_told]; ++next_told) told(*done[next_told]);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kAtOnce; ++i) threads.emplace_back(work);
  for (std::thread& each : threads) each.join();
  std::vector<Outcome> outcomes;
  for (auto& each : done) outcomes.push_back(std::move(*each));
  return outcomes;
}

bool write_captures(const Files& files, const std::vector<Outcome>& outcomes) {
  if (!files.directory) return true;
  bool written = true;
  for (const Outcome& each : outcomes) {
    if (each.scenes.empty()) continue;
    const std::string name = std::string(each.experiment->name) + "-" + std::string(name_of(each.medium));
    const page::Sequence sequence = sequence_of(each.scenes.front());
    written = done(write_in(files.directory, name + ".pcapng", capture_of(each, kernel_release()))) &&
              done(write_in(files.directory, name + ".svg", page::svg(sequence))) &&
              done(write_in(files.directory, name + ".mmd", page::mermaid(sequence))) && written;
  }
  return written;
}

int run_inside(const RunOptions& options, const Files& files, const std::vector<Wanted>& all) {
  Result<void> printed;
  const auto tell = [&](const std::string& text) {
    // The files are still to be written.
    if (!files.only_file && printed) printed = print(text);
  };
  const auto outcomes =
      play_all(all, options.trials, [&](const Outcome& outcome) { tell(text(outcome, options.verbose)); });
  tell(summary(outcomes));
  bool written = done(printed);
  written = write_captures(files, outcomes) && written;
  if (files.json) written = done(write_output(files.json, json(outcomes, kernel_release()))) && written;
  if (files.html) written = done(write_output(files.html, html(outcomes, kernel_release()))) && written;
  if (files.markdown) written = done(write_output(files.markdown, markdown(experiments(), outcomes))) && written;
  return written ? status_of(outcomes) : kExitCannot;
}

}  // namespace

int status_of(std::span<const Outcome> outcomes) {
  if (std::ranges::none_of(outcomes, &Outcome::observed)) return kExitCannot;
  return std::ranges::any_of(outcomes, [](const Outcome& each) { return each.count(Verdict::differs) != 0; })
             ? kExitDiffers
             : kExitAgrees;
}

Outcome play(const Experiment& experiment, Medium medium, const Trials& trials) {
  if (medium == Medium::veth && !experiment.no_veth.empty())
    return {.experiment = &experiment, .medium = medium, .not_played = std::string(experiment.no_veth)};
  const TimePoint began = Clock::now();
  auto stage = Stage::make(medium, trials);
  if (!stage) return {.experiment = &experiment, .medium = medium, .trouble = stage.error().text()};
  experiment.play(**stage);
  Outcome outcome = (*stage)->finish(experiment);
  outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return outcome;
}

int run_facts() {
  std::vector<Wanted> all;
  for (const Experiment* each : experiments()) {
    const bool shows = std::ranges::any_of(facts(), [&](const Fact& fact) {
      return std::ranges::find(fact.shown, each->name, &Shown::experiment) != fact.shown.end();
    });
    if (!shows) continue;
    all.push_back({each, Medium::loopback});
    if (each->no_veth.empty()) all.push_back({each, Medium::veth});
  }
  const auto status = run_isolated([&] {
    const auto outcomes = play_all(all, {}, [](const Outcome&) {});
    if (!done(print(facts_text(outcomes, kernel_release())))) return kExitCannot;
    if (std::ranges::none_of(outcomes, &Outcome::observed)) return kExitCannot;
    return std::ranges::any_of(facts(),
                               [&](const Fact& each) { return verdict_on(each, outcomes) == Verdict::differs; })
               ? kExitDiffers
               : kExitAgrees;
  });
  if (status) return *status;
  complain(status.error().text() + kNeedsNamespaces);
  return kExitCannot;
}

int run(const RunOptions& options) {
  const auto all = wanted(options);
  if (!all) {
    complain(all.error().text());
    return kExitCannot;
  }
  const auto files = open_files(options);
  if (!files) {
    complain(files.error().text());
    return kExitCannot;
  }
  const auto status = run_isolated([&] { return run_inside(options, *files, *all); });
  if (status) return *status;
  complain(status.error().text() + kNeedsNamespaces);
  return kExitCannot;
}

int print_list() {
  std::fputs(list(experiments()).c_str(), stdout);  // main() reports a failure
  return kExitAgrees;
}

int print_explanation(const std::string& name) {
  const Experiment* found = find_experiment(name);
  if (found == nullptr) {
    complain("no experiment '" + name + "'; lastbyte lab list prints them all");
    return kExitCannot;
  }
  std::fputs(explanation(*found).c_str(), stdout);
  return kExitAgrees;
}

}  // namespace lastbyte::lab
