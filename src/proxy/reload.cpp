#include "proxy/reload.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cinttypes>
#include <exception>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

#include "base/signals.h"

namespace lastbyte::proxy {
namespace {

/// systemd distinguishes the readiness after this reload from an earlier one by the time (sd_notify(3)).
void notify_reloading() {
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
  ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64 "\nSTATUS=reloading",
               static_cast<std::int64_t>(since.count()));
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string what_changed(const Changes::Forwarding& forwarding) {
  std::vector<std::string> words = forwarding.keys;
  if (!forwarding.anew.empty()) words.push_back(forwarding.anew);
  if (words.empty()) words.emplace_back("resolved addresses");
  if (forwarding.name != forwarding.before) words.push_back("was " + forwarding.before);
  return joined(words);
}

}  // namespace

Reload::Reload(boost::asio::io_context& io, Running& running, observe::RecordLog& log, OperatorLog& messages,
               Source source, std::function<void(Finished)> finished)
    : io_(io),
      running_(running),
      log_(log),
      messages_(messages),
      source_(std::move(source)),
      finished_(std::move(finished)) {}

Reload::~Reload() {
  if (thread_.joinable()) thread_.join();
}

void Reload::ask() {
  if (!source_) {
    messages_.info("SIGHUP: reopening the log; the settings come from the command line, so there is no file to read");
  } else if (under_way_) {
    again_ = true;
  } else {
    begin();
  }
}

void Reload::begin() {
  messages_.info("SIGHUP: reopening the log, reading the configuration");
  notify_reloading();
  start([this] { return source_(); }, {});
}

void Reload::repeat(Repeated done) {
  if (under_way_) return to_repeat_.push_back(std::move(done));
  start([config = running_.config()] { return config::Loaded{.config = config, .problems = {}}; }, std::move(done));
}

void Reload::start(Source source, Repeated repeated) {
  under_way_ = true;
  repeated_ = std::move(repeated);
  try {
    const BlockedSignals blocked;
    thread_ = std::thread([this, source = std::move(source)] {
      auto reading = std::make_shared<Reading>(read(source, running_));
      boost::asio::post(io_, [this, reading] { finish(std::move(*reading)); });
    });
  } catch (const std::system_error& error) {
    Reading failed;
    failed.problems.push_back({.text = Error{"start a thread", error.code().value()}.text()});
    finish(std::move(failed));
  }
}

Reload::Reading Reload::read(const Source& source, Running& running) {
  Reading reading;
  try {
    config::Loaded loaded = source();
    for (const config::Problem& problem : loaded.problems) reading.problems.push_back(statement_of(problem));
    for (const config::Problem& warning : loaded.warnings) reading.warnings.push_back(statement_of(warning));
    if (!loaded.config) return reading;
    reading.resolution = running.resolve(*loaded.config);
    if (auto logs = open_logs(running.config().log, loaded.config->log)) {
      reading.logs = std::move(*logs);
    } else {
      std::ranges::move(logs.error(), std::back_inserter(reading.resolution.troubles));
    }
    reading.config = std::move(loaded.config);
    reading.places = std::move(loaded.places);
  } catch (const std::exception& error) {
    // The libraries throw only for lack of memory.
    reading.problems.push_back({.text = error.what()});
  }
  return reading;
}

void Reload::finish(Reading reading) {
  if (thread_.joinable()) thread_.join();
  under_way_ = false;
  if (stopping_) return;
  if (const Repeated repeated = std::exchange(repeated_, {})) {
    const std::string failure = apply_again(std::move(reading));
    finished_(Finished::repeated);
    repeated(failure);
  } else {
    failure_.clear();
    apply(std::move(reading));
    finished_(failure_.empty() ? Finished::reload_changed : Finished::reload_failed);
  }
  if (under_way_) return;
  if (!to_repeat_.empty()) {
    const Repeated next = std::move(to_repeat_.front());
    to_repeat_.pop_front();
    return repeat(next);
  }
  if (std::exchange(again_, false)) begin();
}

std::string Reload::apply_again(Reading reading) {
  if (!reading.config) return reading.problems.empty() ? "no memory" : reading.problems.front().line();
  const auto changes = running_.apply(*reading.config, std::move(reading.resolution));
  if (!changes) return statements(changes.error(), reading.places).front().line();
  for (auto& trouble : statements(changes->troubles, reading.places)) messages_.warn(std::move(trouble));
  return {};
}

void Reload::apply(Reading reading) {
  if (reading.config) {
    const auto changes = running_.apply(*reading.config, std::move(reading.resolution));
    if (changes) {
      change_logs(std::move(reading.logs));
      for (auto& warning : reading.warnings) messages_.warn(std::move(warning));
      return tell(*changes, reading.places);
    }
    reading.problems = statements(changes.error(), reading.places);
  }
  for (const auto& problem : reading.problems) messages_.error(problem);
  messages_.error("reload failed because of the errors above; nothing was changed");
  failure_ = "the last reload failed and changed nothing: " + reading.problems.front().line();
  if (const std::size_t more = reading.problems.size() - 1; more != 0) failure_ += fmt::format(" (and {} more)", more);
}

/// From here on records and messages go where the configuration says, in its form. A line tells each new place.
void Reload::change_logs(LogTargets logs) {
  const config::Log& log = running_.config().log;
  messages_.set_level(log.level);
  if (logs.records.moves) messages_.info("reload: session records go to " + log.target);
  if (logs.messages.moves) messages_.info("reload: these messages go to " + log.messages);
  log_.obey(std::move(logs.records));
  messages_.obey(std::move(logs.messages));
}

void Reload::tell(const Changes& changes, const config::Places& places) {
  const auto about = [this](const Changes::Forwarding& forwarding, std::string text) {
    messages_.info({.text = "reload: " + std::move(text), .forwarding = forwarding.name});
  };
  for (const auto& each : changes.added) about(each, "added: " + each.text());
  for (const auto& each : changes.changed)
    about(each, fmt::format("changed ({}): {}", what_changed(each), each.text()));
  for (const auto& each : changes.removed) about(each, fmt::format("removed: {}; its sessions continue", each.text()));
  for (const std::string& group : changes.groups) messages_.info("reload: " + group);
  if (!changes.need_restart.empty())
    messages_.warn(fmt::format("reload: these settings change at a restart only: {}", joined(changes.need_restart)));
  for (auto& trouble : statements(changes.troubles, places)) messages_.warn(std::move(trouble));
  messages_.info(fmt::format("reload: {} added, {} changed, {} removed, {} as before; at most {} sessions",
                             changes.added.size(), changes.changed.size(), changes.removed.size(), changes.kept,
                             running_.shared().max_sessions.load()));
}

}  // namespace lastbyte::proxy
