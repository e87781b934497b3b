#include "admin/api/api.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <mutex>
#include <nlohmann/json.hpp>

#include "admin/api/json.h"
#include "admin/api/selection.h"
#include "admin/http/target.h"
#include "base/memory.h"

namespace lastbyte::admin {
namespace {

using Path = std::vector<std::string>;

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Says in words why an order was refused. The client sees the status, so the text has no errno.
Response refused(const Error& error) {
  const std::string text = error.operation + (error.detail.empty() ? "" : ": " + error.detail);
  return error_response(error.code == ENOENT ? 404 : 409, text);
}

Response not_found(std::string_view what) { return error_response(404, what); }

Response done() { return {.status = 204}; }

Response not_allowed(std::string_view methods) {
  Response response = error_response(405, "expected " + std::string(methods));
  response.headers.emplace_back("Allow", methods);
  return response;
}

std::optional<Change> change_of(const std::string& word) {
  if (word == "enable") return Change::enable;
  if (word == "drain") return Change::drain;
  if (word == "disable") return Change::disable;
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, config::LogLevel>, 4> kLevels{{{"error", config::LogLevel::error},
                                                                                {"warning", config::LogLevel::warning},
                                                                                {"info", config::LogLevel::info},
                                                                                {"debug", config::LogLevel::debug}}};

std::string level_json(config::LogLevel level) {
  for (const auto& [word, each] : kLevels)
    if (each == level) return R"({"level":")" + std::string(word) + "\"}\n";
  return "{}\n";
}

/// What all workers find together. Each worker has a part of its own. The last one to finish responds.
struct Gathering {
  Gathering(std::size_t workers, const Selection& selection) : left(workers), parts(workers, Chosen(selection)) {}
  std::atomic<std::size_t> left;
  std::vector<Chosen> parts;
};

/// Returns the methods of a path; empty: the path does not exist.
std::string_view methods_of(const Path& path) {
  if (path.size() < 2 || path[0] != "v1") return "";
  const std::string& what = path[1];
  if (path.size() == 2) {
    if (what == "log-level") return "GET, PUT";
    for (const char* each : {"status", "forwardings", "groups", "sessions", "ports", "config", "events"})
      if (what == each) return "GET";
    return "";
  }
  if (path.size() == 3) return what == "sessions" ? "GET" : "";
  if (path.size() == 4) return what == "sessions" || what == "forwardings" ? "POST" : "";
  return path.size() == 6 && what == "groups" && path[3] == "members" ? "POST" : "";
}

/// `methods` is a list separated by ", ".
bool has(std::string_view methods, std::string_view method) {
  for (;;) {
    const std::size_t end = methods.find(", ");
    if (methods.substr(0, end) == method) return true;
    if (end == std::string_view::npos) return false;
    methods.remove_prefix(end + 2);
  }
}

}  // namespace

void Api::handle(const Request& request, bool may_administer, const Respond& respond) {
  const auto path = segments_of(request.target);
  const std::string_view methods = path ? methods_of(*path) : "";
  if (methods.empty()) return respond(not_found("there is no such path; openapi.yaml lists them"));
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  if (!has(methods, method)) return respond(not_allowed(methods));
  if (method == "GET") return get(request, *path, may_administer, respond);
  if (!may_administer) return respond(error_response(401, "log in first"));
  if (auto refused = refused_by_condition(request)) return respond(std::move(*refused));
  method == "PUT" ? put_log_level(request, respond) : post(*path, respond);
}

/// An order may name the run of lastbyte that it is for. A misspelt condition must not be taken for none.
std::optional<Response> Api::refused_by_condition(const Request& request) const {
  for (const auto& [name, value] : request.query) {
    if (name != "instance")
      return error_response(400, "'" + name + "': there is no such parameter of an order; expected instance");
    if (value != operations_.instance())
      return error_response(412, "nothing was done, because lastbyte was restarted: the order is for the instance '" +
                                     value + "', and this is '" + operations_.instance() + "'");
  }
  return std::nullopt;
}

void Api::get(const Request& request, const Path& path, bool may_administer, const Respond& respond) {
  const std::string& what = path[1];
  if (path.size() == 3) {
    const auto id = number(path[2]);
    return id ? show_session(*id, respond) : respond(not_found("there is no such session"));
  }
  if (what == "sessions") return list_sessions(request, respond);
  if (what == "events") return respond(events_.follow(request));
  if (what == "status") return respond(json_response(status(may_administer)));
  if (what == "forwardings")
    return respond(json_response(forwardings_json(operations_.forwardings(), operations_.metrics())));
  if (what == "groups") return respond(json_response(groups_json(operations_.groups())));
  if (what == "ports") return respond(json_response(ports_json(operations_.metrics())));
  if (what == "log-level") return respond(json_response(level_json(operations_.log_level())));
  respond({.status = 200, .type = "application/yaml", .body = operations_.configuration()});
}

std::string Api::status(bool may_administer) const {
  const observe::Snapshot snapshot = operations_.metrics();
  const auto forwardings = operations_.forwardings();
  const auto groups = operations_.groups();
  const Health health = operations_.health();
  const std::string failure = operations_.reload_failure();
  return status_json({.instance = operations_.instance(),
                      .snapshot = snapshot,
                      .forwardings = forwardings,
                      .groups = groups,
                      .health = health,
                      .reload_failure = failure,
                      .may_administer = may_administer,
                      .now = std::chrono::system_clock::now()});
}

void Api::post(const Path& path, const Respond& respond) {
  if (path[1] == "sessions") {
    const auto id = number(path[2]);
    if (!id || (path[3] != "close" && path[3] != "reset"))
      return respond(not_found("expected /v1/sessions/NUMBER/close or reset"));
    return end_session(*id, path[3] == "reset", respond);
  }
  const auto change = change_of(path.back());
  if (!change) return respond(not_found("expected drain, disable or enable at the end of the path"));
  if (path[1] == "forwardings") return change_forwarding(path[2], *change, respond);
  const auto changed = operations_.change_member(path[2], path[4], *change);
  respond(changed ? done() : refused(changed.error()));
}

void Api::put_log_level(const Request& request, const Respond& respond) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (body.is_object() && body.contains("level") && body["level"].is_string()) {
    for (const auto& [word, level] : kLevels) {
      if (body["level"] != word) continue;
      operations_.set_log_level(level);
      return respond(done());
    }
  }
  respond(error_response(400, R"(expected {"level": "error"}, or "warning", "info" or "debug")"));
}

void Api::list_sessions(const Request& request, const Respond& respond) {
  auto selection = parse_selection(request.query);
  if (!selection) return respond(error_response(400, selection.error()));
  const std::size_t workers = operations_.workers();
  const auto gathering = std::make_shared<Gathering>(workers, *selection);
  const std::uint64_t total = operations_.open_sessions();
  const auto answer = [this, gathering, selection = *selection, total, respond] {
    Chosen all(selection);
    for (Chosen& part : gathering->parts) all.add(std::move(part));
    const std::size_t matched = all.matched();
    const auto page = all.page();
    respond(json_response(sessions_json({.instance = operations_.instance(),
                                         .page = page,
                                         .matched = matched,
                                         .total = static_cast<std::size_t>(total)})));
  };
  const auto detail =
      selection->sort == SortBy::unacknowledged ? relay::Session::Detail::queues : relay::Session::Detail::figures;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    auto look = std::make_shared<relay::Look>();
    look->detail = detail;
    look->after = selection->after;
    look->visit = [gathering, worker](relay::SessionView view) { gathering->parts[worker].add(std::move(view)); };
    look->done = [this, gathering, answer] {
      if (gathering->left.fetch_sub(1) == 1) enough_memory_for([&] { operations_.on_own_thread(answer); });
    };
    operations_.look(worker, std::move(look));
  }
}

void Api::show_session(std::uint64_t id, const Respond& respond) {
  struct Found {
    explicit Found(std::size_t workers) : left(workers) {}
    std::atomic<std::size_t> left;
    std::mutex mutex;
    std::optional<relay::SessionView> view;
  };
  const std::size_t workers = operations_.workers();
  const auto found = std::make_shared<Found>(workers);
  for (std::size_t worker = 0; worker < workers; ++worker) {
    auto look = std::make_shared<relay::Look>();
    look->detail = relay::Session::Detail::whole;
    look->id = id;
    look->visit = [found](relay::SessionView view) {
      const std::lock_guard lock(found->mutex);
      found->view = std::move(view);
    };
    look->done = [this, found, respond] {
      if (found->left.fetch_sub(1) != 1) return;
      enough_memory_for([&] {
        respond(found->view ? json_response(session_json(operations_.instance(), *found->view))
                            : not_found("there is no such session now"));
      });
    };
    operations_.look(worker, std::move(look));
  }
}

void Api::end_session(std::uint64_t id, bool reset, const Respond& respond) {
  struct Ended {
    explicit Ended(std::size_t workers) : left(workers) {}
    std::atomic<std::size_t> left;
    std::atomic<std::size_t> sessions{0};
  };
  const std::size_t workers = operations_.workers();
  const auto ended = std::make_shared<Ended>(workers);
  for (std::size_t worker = 0; worker < workers; ++worker) {
    auto order = std::make_shared<relay::EndOrder>();
    order->id = id;
    if (!reset) order->within = operations_.drain_time();
    order->done = [ended, respond](std::size_t sessions) {
      ended->sessions += sessions;
      if (ended->left.fetch_sub(1) != 1) return;
      enough_memory_for([&] { respond(ended->sessions > 0 ? done() : not_found("there is no such session now")); });
    };
    operations_.end_sessions(worker, std::move(order));
  }
}

void Api::change_forwarding(const std::string& name, Change change, const Respond& respond) {
  operations_.change_forwarding(name, change, [respond](const Result<void>& changed) {
    if (changed) return respond(done());
    respond(refused(changed.error()));
  });
}

}  // namespace lastbyte::admin
