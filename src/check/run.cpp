#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "check/check.h"
#include "check/grade/grade.h"
#include "check/report/report.h"
#include "launchers/launchers.h"
#include "peers/peer.h"
#include "process/eventually.h"

namespace lastbyte::check {
namespace {

void complain(const std::string& text) { std::fprintf(stderr, "lastbyte check: %s\n", text.c_str()); }

/// Returns false if the text could not be written. If the reader has closed the pipe, the process ends here.
bool print(const std::string& text) {
  const bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!written && errno == EPIPE) process::end_by_signal(SIGPIPE);
  return written;
}

std::vector<const Scenario*> chosen(const std::vector<std::string>& only) {
  std::vector<const Scenario*> out;
  for (const Scenario& each : scenarios()) {
    const auto fits = [&](const std::string& part) {
      return part == each.clause || ::fnmatch(part.c_str(), std::string(each.name).c_str(), 0) == 0;
    };
    if (only.empty() || std::ranges::any_of(only, fits)) out.push_back(&each);
  }
  return out;
}

/// Returns the variants to play.
std::vector<const Variant*> chosen_variants(const Options& options) {
  const bool knows = options.mode == Mode::self || options.mode == Mode::peers;
  if (options.variants.empty() && !knows) return {&tcp_variant()};
  std::vector<const Variant*> out;
  for (const Variant& each : variants())
    if (options.variants.empty() || std::ranges::find(options.variants, each.name) != options.variants.end())
      out.push_back(&each);
  return out;
}

/// Checks that the report files can be written, before hours of grading. Returns false after a message on standard
/// error.
bool can_be_written(const Options& options) {
  for (const std::string& path : {options.json, options.junit, options.markdown, options.html, options.svg}) {
    if (path.empty() || path == "-") continue;
    // Remove a file that this check creates: a run that grades nothing must leave no file.
    if (const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)); file) {
      ::unlink(path.c_str());
      continue;
    }
    if (const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC)); file) continue;
    complain(failure_from_errno("write " + path).value().text());
    return false;
  }
  return true;
}

/// Returns false after a message on standard error.
bool put(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  if (path == "-" ? print(text) : write_file(path, text).has_value()) return true;
  complain("cannot write " + path);
  return false;
}

Target ready(const launchers::Launcher& launcher) {
  Target target = target_of(launcher);
  target.version = launchers::version_of(launcher);
  return target;
}

Result<Target> chosen_target(const Options& options) {
  Target target;
  switch (options.mode) {
    case Mode::help:
    case Mode::list:
    case Mode::peers: return failure("target", 0, "none is asked for");
    case Mode::plain: target.name = "no proxy"; break;
    case Mode::self: target = ready(launchers::all().front()); break;
    case Mode::running:
      target.kind = Kind::running;
      target.name = options.proxy.text();
      target.address = options.proxy;
      target.upstream = options.upstream;
      target.pid = options.pid;
      target.speaks = options.variants;
      break;
    case Mode::command: {
      auto words = launchers::split_words(options.command);
      if (!words) return Failure(words.error());
      if (words->empty()) return failure("--command", 0, "it is empty");
      target.kind = Kind::started;
      target.command = std::move(*words);
      target.name = target.command.front().substr(target.command.front().rfind('/') + 1);
      target.listen_port = options.listen_port;
      target.upstream_port = options.upstream_port;
      if (!options.config.empty()) {
        auto config = read_file(options.config);
        if (!config) return failure("--config " + options.config, config.error().code);
        if (config->empty()) return failure("--config " + options.config, 0, "it is empty");
        target.config = std::move(*config);
      }
      const launchers::Launcher* known = launchers::find(target.command.front());
      if (known != nullptr) target.version = launchers::version_of(*known, target.command.front());
      if (known != nullptr) target.stop_signal = known->stop_signal;
      if (options.stop_signal != 0) target.stop_signal = options.stop_signal;
      const bool known_config = known != nullptr && options.config.empty();
      const Target standard = known_config ? target_of(*known) : Target{};
      if (known_config) target.config = standard.config;
      for (const std::string& name : options.variants) {
        const std::string& config = known_config ? standard.form_for(*find_variant(name)).config : target.config;
        target.forms[name] = {target.command, config};
      }
      break;
    }
  }
  if (!options.name.empty()) target.name = options.name;
  return target;
}

/// How long a session through the proxy may take to arrive, and to end.
constexpr Duration kTry{2000};

/// Checks that the proxy accepts a connection. It runs a server for the resulting session: the proxy may connect late,
/// and that session must not reach the first scenario's server.
Result<void> try_connect(const Target& target, const Variant& variant) {
  peers::PeerOptions options;
  options.limit = kTry;
  options.from_client = variant.way.from_client;
  options.to_server = variant.way.to_server;
  const auto server = peers::Server::start(*peers::parse_script("read; close"), options, std::nullopt, target.upstream);
  if (!server) return failure("--upstream-listen " + target.upstream.text(), server.error().code);
  const Observed seen = peers::Client(target.address, *peers::parse_script("send 1; shutdown; read"), options).wait();
  if (!seen.connected)
    return failure("--proxy " + target.address.text(), seen.error, "no proxy accepts connections there");
  process::eventually([&] { return server->accepted() > 0 && server->ended() >= server->accepted(); }, kTry,
                      Duration(1));
  return {};
}

/// Checks that the target can be started, so that a broken target gives one complaint instead of one for each scenario.
Result<void> try_start(const Target& target, const std::vector<const Variant*>& chosen) {
  const auto first = std::ranges::find_if(chosen, [&](const Variant* each) { return target.speaks_variant(*each); });
  if (target.kind == Kind::plain_tcp || first == chosen.end()) return {};
  const Variant& variant = **first;
  if (target.kind == Kind::running) return try_connect(target, variant);
  auto network = Network::make(Place::here, 0);
  auto directory = process::ScratchDirectory::make();
  if (!directory) return Failure(directory.error());
  const auto place = [&](net::Transport transport, const char* name) {
    return transport == net::Transport::tcp ? net::Address() : *net::Address::unix_name(directory->file(name));
  };
  net::Address nobody = place(variant.way.server, "server");
  if (!nobody.is_unix()) {
    nobody = network->server_host;
    nobody.set_port(target.upstream_port != 0 ? target.upstream_port : process::unused_port());
  }
  const auto launched = Launched::launch(target, variant, *network, nobody, place(variant.way.client, "proxy"), 1);
  return launched ? Result<void>() : Failure(launched.error());
}

/// Prints outcomes. A variant that the target does not speak takes one row for all its scenarios.
class Table {
 public:
  explicit Table(bool verbose) : verbose_(verbose) {}

  void add(const Outcome& outcome) {
    if (outcome.unspoken && outcome.variant == unspoken_) return;
    if (outcome.unspoken) unspoken_ = outcome.variant;
    print(table_row(outcome, verbose_ || outcome.verdict == Verdict::fail));
  }

 private:
  bool verbose_;
  const Variant* unspoken_ = nullptr;
};

Choice choice_of(const Options& options) {
  return {.scenarios = chosen(options.only),
          .variants = chosen_variants(options),
          .rounds = options.rounds,
          .repeat = options.repeat,
          .slow = options.slow,
          .lossy = options.lossy,
          .at_once = options.at_once};
}

bool files_only(const Options& options) {
  return options.json == "-" || options.junit == "-" || options.markdown == "-" || options.html == "-" ||
         options.svg == "-";
}

/// Returns the address of the picture relative to the Markdown page; empty: none.
std::string picture_of(const Options& options) {
  if (options.svg.empty() || options.svg == "-") return "";
  const std::filesystem::path page = options.markdown == "-" ? "" : options.markdown;
  std::error_code error;
  const auto from = std::filesystem::absolute(page, error).parent_path();
  const auto path = std::filesystem::proximate(std::filesystem::absolute(options.svg, error), from, error);
  return error ? options.svg : path.generic_string();
}

/// `matrix`: the reports that the matrix shows, if those are more than the graded ones.
bool write_reports(const Options& options, const std::vector<Report>& reports, const std::vector<Report>& matrix) {
  bool written = options.json.empty() || put(options.json, json(reports));
  if (!options.junit.empty()) written = put(options.junit, junit(reports)) && written;
  if (!options.markdown.empty())
    written = put(options.markdown, matrix_markdown(matrix, picture_of(options))) && written;
  if (!options.html.empty()) written = put(options.html, matrix_html(matrix)) && written;
  if (!options.svg.empty()) written = put(options.svg, matrix_svg(matrix)) && written;
  return written;
}

int run_grade(const Options& options) {
  const auto target = chosen_target(options);
  if (!target) {
    complain(target.error().text());
    return kExitCannot;
  }
  const Choice choice = choice_of(options);
  if (const auto started = try_start(*target, choice.variants); !started) {
    complain(started.error().text());
    return kExitCannot;
  }
  const bool table = !files_only(options);
  References references;
  Table rows(options.verbose);
  const Report report = grade(*target, choice, references, [&](const Outcome& outcome) {
    if (table) rows.add(outcome);
  });
  if (table) print(table_end(report));
  std::vector<Report> matrix{report};
  if (target->kind != Kind::plain_tcp) matrix.insert(matrix.begin(), report.of_references());
  if (!write_reports(options, {report}, matrix)) return kExitCannot;
  if (report.count(Verdict::pass) + report.count(Verdict::fail) == 0) return kExitCannot;
  return report.count(Verdict::fail) == 0 ? kExitPassed : kExitFailed;
}

std::vector<Target> installed(const Options& options, const Choice& choice) {
  std::vector<Target> targets{{.name = "no proxy"}};
  for (const launchers::Launcher& each : launchers::all()) {
    const bool wanted = options.peers.empty() || std::ranges::find(options.peers, each.name) != options.peers.end();
    if (!wanted) continue;
    if (const std::string lacking = launchers::missing(each); !lacking.empty()) {
      complain(each.name + " is left out: " + lacking + " is not installed");
      continue;
    }
    Target target = ready(each);
    if (const auto started = try_start(target, choice.variants); !started) {
      complain(each.name + " is left out: " + started.error().text());
      continue;
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

int run_peers(const Options& options) {
  const Choice choice = choice_of(options);
  References references;
  std::vector<Report> reports;
  for (const Target& target : installed(options, choice)) {
    reports.push_back(grade(target, choice, references, nullptr));
    std::fputs(table_sums(reports.back()).c_str(), stderr);
    if (!options.verbose) continue;
    for (const Outcome& each : reports.back().outcomes)
      if (each.verdict == Verdict::fail) print(table_row(each, true));
  }
  if (!files_only(options)) print(matrix_text(reports));
  if (!write_reports(options, reports, reports)) return kExitCannot;
  const auto ours = std::ranges::find(reports, launchers::all().front().name, &Report::target);
  return ours == reports.end() || ours->count(Verdict::fail) == 0 ? kExitPassed : kExitFailed;
}

int run_list(const Options& options) {
  const auto listed = chosen(options.only);
  if (!options.markdown.empty()) return put(options.markdown, list_markdown(listed)) ? kExitPassed : kExitCannot;
  print(list_text(listed));
  return kExitPassed;
}

}  // namespace

int run(const Options& options) {
  switch (options.mode) {
    case Mode::help: print(usage()); return kExitPassed;
    case Mode::list: return run_list(options);
    case Mode::self:
    case Mode::command:
    case Mode::running:
    case Mode::plain: process::clean_up_at_signals(); return can_be_written(options) ? run_grade(options) : kExitCannot;
    case Mode::peers: process::clean_up_at_signals(); return can_be_written(options) ? run_peers(options) : kExitCannot;
  }
  return kExitCannot;
}

}  // namespace lastbyte::check
