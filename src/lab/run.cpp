#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
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

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

std::string kernel_release() {
  utsname name{};
  ::uname(&name);
  return name.release;
}

/// A file that is written at the end of a run. It is opened before the run is isolated, because the isolated file
/// system has a temporary directory of its own. A new file appears only at the end, so an interrupted run leaves no
/// empty file.
struct Output {
  Descriptor file;        ///< an existing file, or standard output
  bool replaces = false;  ///< the report replaces the file's content
  Descriptor directory;   ///< the directory of a new file
  std::string name;       ///< the new file's name in `directory`

  explicit operator bool() const { return file || directory; }
};

struct Files {
  Output json;
  Output html;
  Output markdown;
  Descriptor directory;

  /// Whether standard output has only the file.
  bool only_file = false;
};

Result<Output> open_output(const std::string& path) {
  Output output;
  if (path.empty()) return output;
  output.file = Descriptor(path == "-" ? ::dup(STDOUT_FILENO) : ::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  output.replaces = path != "-";
  if (output.file) return output;
  const std::filesystem::path place(path);
  const std::string parent = place.has_parent_path() ? place.parent_path().string() : ".";
  if (errno == ENOENT && place.has_filename() && ::access(parent.c_str(), W_OK | X_OK) == 0) {
    output.directory = Descriptor(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    output.name = place.filename();
  }
  if (!output.directory) return failure_from_errno("write " + path);
  return output;
}

Result<Files> open_files(const RunOptions& options) {
  Files files;
  for (const auto& [path, to] : {std::pair(&options.json, &files.json), std::pair(&options.html, &files.html),
                                 std::pair(&options.markdown, &files.markdown)}) {
    auto opened = open_output(*path);
    if (!opened) return Failure(opened.error());
    *to = std::move(*opened);
    files.only_file = files.only_file || *path == "-";
  }
  if (options.directory.empty()) return files;
  if (::mkdir(options.directory.c_str(), 0777) != 0 && errno != EEXIST)
    return failure_from_errno("make " + options.directory);
  files.directory = Descriptor(::open(options.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!files.directory) return failure_from_errno("open " + options.directory);
  return files;
}

bool write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

/// Writes a new file. It gets its name when it is complete.
bool write_new(const Output& output, const std::string& text) {
  const Descriptor nameless(::openat(output.directory.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666));
  if (nameless) {
    const std::string self = "/proc/self/fd/" + std::to_string(nameless.get());
    if (write_all(nameless.get(), text) &&
        ::linkat(AT_FDCWD, self.c_str(), output.directory.get(), output.name.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return true;
  }
  // Not every file system supports O_TMPFILE, and another process may have made the file meanwhile.
  const Descriptor file(
      ::openat(output.directory.get(), output.name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  return file && write_all(file.get(), text);
}

bool write_output(const Output& output, const std::string& text) {
  // A pipe or a device cannot be truncated (EINVAL).
  const bool cut = !output.file || !output.replaces || ::ftruncate(output.file.get(), 0) == 0 || errno == EINVAL;
  if (cut && (output.file ? write_all(output.file.get(), text) : write_new(output, text))) return true;
  complain(failure_from_errno("write " + (output.name.empty() ? "the report" : output.name)).value().text());
  return false;
}

bool write_in(const Descriptor& directory, const std::string& name, const std::string& text) {
  const Descriptor file(::openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file && write_all(file.get(), text)) return true;
  complain(failure_from_errno("write " + name).value().text());
  return false;
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
      if (asked && !(each->one_medium && medium != Medium::loopback)) all.push_back({each, medium});
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
    const std::string name = std::string(each.experiment->name) + "-" + std::string(name_of(each.medium));
    written = write_in(files.directory, name + ".pcapng", capture_of(each, kernel_release())) && written;
    if (each.scenes.empty()) continue;
    const page::Sequence sequence = sequence_of(each.scenes.front());
    written = write_in(files.directory, name + ".svg", page::svg(sequence)) && written;
    written = write_in(files.directory, name + ".mmd", page::mermaid(sequence)) && written;
  }
  return written;
}

int run_inside(const RunOptions& options, const Files& files, const std::vector<Wanted>& all) {
  const auto outcomes = play_all(all, options.trials, [&](const Outcome& outcome) {
    if (!files.only_file) print(text(outcome, options.verbose));
  });
  if (!files.only_file) print(summary(outcomes));
  bool written = write_captures(files, outcomes);
  if (files.json) written = write_output(files.json, json(outcomes, kernel_release())) && written;
  if (files.html) written = write_output(files.html, html(outcomes, kernel_release())) && written;
  if (files.markdown) written = write_output(files.markdown, markdown(experiments(), outcomes)) && written;
  if (!written) return kExitCannot;
  if (std::ranges::all_of(outcomes, [](const Outcome& each) { return !each.trouble.empty(); })) return kExitCannot;
  return std::ranges::any_of(outcomes, [](const Outcome& each) { return each.count(Verdict::differs) != 0; })
             ? kExitDiffers
             : kExitAgrees;
}

}  // namespace

Outcome play(const Experiment& experiment, Medium medium, const Trials& trials) {
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
    if (!each->one_medium) all.push_back({each, Medium::veth});
  }
  const auto status = run_isolated([&] {
    const auto outcomes = play_all(all, {}, [](const Outcome&) {});
    print(facts_text(outcomes, kernel_release()));
    if (std::ranges::all_of(outcomes, [](const Outcome& each) { return !each.trouble.empty(); })) return kExitCannot;
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
  print(list(experiments()));
  return kExitAgrees;
}

int print_explanation(const std::string& name) {
  const Experiment* found = find_experiment(name);
  if (found == nullptr) {
    complain("no experiment '" + name + "'; lastbyte lab list prints them all");
    return kExitCannot;
  }
  print(explanation(*found));
  return kExitAgrees;
}

}  // namespace lastbyte::lab
