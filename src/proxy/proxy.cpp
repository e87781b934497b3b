// Wires the rooms together. Everything that can fail comes before the first thread: either everything serves, or
// nothing was started.
#include "proxy/proxy.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <memory>
#include <thread>

#include "admin/door/doors.h"
#include "admin/door/metrics.h"
#include "admin/http/server.h"
#include "base/amount.h"
#include "loop/send_ring.h"
#include "observe/log/record_log.h"
#include "probe/member.h"
#include "proxy/control.h"
#include "proxy/logs.h"
#include "proxy/operations.h"
#include "proxy/process/doors.h"
#include "proxy/process/io_choice.h"
#include "proxy/process/operator_log.h"
#include "proxy/process/privileges.h"
#include "proxy/process/reset_watch.h"
#include "proxy/running.h"
#include "proxy/serve.h"
#include "proxy/watch/vitals.h"

namespace lastbyte::proxy {
namespace {

struct Prepared {
  std::unique_ptr<Vitals> vitals = std::make_unique<Vitals>();  ///< outlives `running`, which reports members to it
  std::unique_ptr<Running> running;
  Changes changes;  ///< everything that exists now
  std::unique_ptr<observe::RecordLog> log;
  IoChoice io;
  ResetWatch resets;
  OpenDoors doors;
};

unsigned worker_count(const config::Config& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

/// Sets what signals do before there is a Control. Blocked signals wait for it, because a start can take long.
void prepare_signals() {
  // A log that has reached RLIMIT_FSIZE or lost its reader then gives an errno. SIGUSR2 has no meaning yet.
  for (const int ignored : {SIGPIPE, SIGXFSZ, SIGUSR2}) ::signal(ignored, SIG_IGN);
  // SIGQUIT stops the process, without a core dump.
  ::signal(SIGQUIT, [](int) { ::raise(SIGTERM); });
  sigset_t later;
  sigemptyset(&later);
  for (const int each : {SIGHUP, SIGUSR1}) sigaddset(&later, each);
  pthread_sigmask(SIG_BLOCK, &later, nullptr);
}

constexpr Duration kBindPause{100};

void tell(const Troubles& troubles, const config::Places& places, OperatorLog& messages) {
  for (auto& each : statements(troubles, places)) messages.warn(std::move(each));
}

/// Brings up everything or nothing. It tries again for bind-retry, because troubles may pass: a predecessor ends, a
/// connection leaves TIME_WAIT, an interface gets its address.
Tried<Changes> bring_up(Running& running, const config::Config& config, const config::Places& places,
                        OperatorLog& messages) {
  const TimePoint until = Clock::now() + config.bind_retry;
  Resolution resolution = running.resolve(config);
  for (bool told = false;; told = true) {
    const bool last = Clock::now() >= until;
    auto changes = running.apply(config, resolution, last ? Absent::warn : Absent::fail);
    if (changes || last || !std::ranges::all_of(changes.error(), may_pass)) return changes;
    if (!told) {
      tell(changes.error(), places, messages);
      messages.warn("trying again for bind-retry, " + print_duration(config.bind_retry));
    }
    std::this_thread::sleep_for(std::clamp(std::chrono::ceil<Duration>(until - Clock::now()), Duration(0), kBindPause));
    // Resolve again: an interface that has appeared has a new number, and a namespace is new, too.
    const auto is_new = [](const Trouble& each) { return each.error.code == ENODEV || each.error.code == ENOENT; };
    if (std::ranges::any_of(changes.error(), is_new)) resolution = running.resolve(config);
  }
}

tl::unexpected<Troubles> failed(Error error) { return tl::unexpected(Troubles{trouble_of_process(std::move(error))}); }

Tried<Prepared> prepare(const config::Config& config, const config::Places& places, OperatorLog& messages) {
  Prepared prepared;
  auto passed = take_passed_sockets();
  if (!passed) return failed(passed.error());
  const auto identity = look_up_identity(config.user, config.group);
  if (!identity) return failed(identity.error());
  const auto user = *identity ? std::optional(file_rights(**identity)) : std::nullopt;
  auto running = Running::create(
      worker_count(config), std::move(*passed), user, [&messages](const std::string& line) { messages.info(line); },
      [vitals = prepared.vitals.get()](const probe::MemberChange& change) {
        vitals->happened({.at = change.at,
                          .event = "member_changed",
                          .reason = change.reason,
                          .group = change.group,
                          .member = change.member,
                          .state = std::string(probe::name(change.state))});
      });
  if (!running) return failed(running.error());
  prepared.running = std::move(*running);

  auto changes = bring_up(*prepared.running, config, places, messages);
  if (!changes) return tl::unexpected(std::move(changes.error()));
  prepared.changes = std::move(*changes);

  auto logs = open_logs(std::nullopt, config.log, user);
  if (!logs) return tl::unexpected(std::move(logs.error()));
  auto log = make_record_log(*logs, messages);
  if (!log) return failed(log.error());
  prepared.log = std::move(*log);
  messages.obey(std::move(logs->messages));
  auto doors = open_doors(config.doors, user);
  if (!doors) return failed(doors.error());
  prepared.doors = std::move(*doors);
  prepared.running->shared().keeps_trails = !prepared.doors.admin.at.empty() || !prepared.doors.dashboard.at.empty();
  auto resets = watch_resets(config.trace);
  if (!resets) return failed(resets.error());
  prepared.resets = std::move(*resets);
  const KeptCapabilities kept = capabilities_needed(config.forwardings, config.groups);
  if (auto dropped = drop_privileges(*identity, kept); !dropped) return failed(dropped.error());
  auto io = choose_io(config.io);
  if (!io) return failed(io.error());
  prepared.io = std::move(*io);
  const auto troubles = prepared.running->privileges_dropped(kept);
  if (!troubles) return tl::unexpected(troubles.error());
  tell(prepared.changes.troubles, places, messages);
  tell(*troubles, places, messages);
  return prepared;
}

void tell_start(const config::Config& config, const Prepared& prepared, OperatorLog& messages, bool warns_of_root) {
  for (const auto& each : prepared.changes.added)
    messages.info({.text = "listening on " + each.text(), .forwarding = each.name});
  for (const auto& [what, door] :
       {std::pair("metrics", &prepared.doors.metrics), std::pair("administration", &prepared.doors.admin),
        std::pair("dashboard", &prepared.doors.dashboard)})
    if (!door->at.empty()) messages.info(fmt::format("{} at {}", what, door->at));
  Running& running = *prepared.running;
  const std::size_t workers = running.workers().size();
  if (!prepared.resets.story.empty()) messages.info(prepared.resets.story);
  if (config.io != config::Io::epoll) messages.info("sending by " + prepared.io.story);
  messages.info(fmt::format("{} worker{}, at most {} sessions ({} descriptors), records to {}", workers,
                            workers == 1 ? "" : "s", running.shared().max_sessions.load(), running.descriptor_limit(),
                            config.log.target));
  if (warns_of_root && ::geteuid() == 0)
    messages.warn("running as root; set user to drop root's rights after the ports are bound");
}

/// Answers at the operators' doors, on its own thread.
class Administration {
 public:
  Administration(std::string token, Running& running, Control& control, Vitals& vitals, OperatorLog& messages,
                 const observe::RecordLog& log)
      : operations_({running, control, vitals, messages, server_, log}), api_(operations_), guard_(std::move(token)) {}
  ~Administration() { server_.stop(); }
  Administration(const Administration&) = delete;
  Administration& operator=(const Administration&) = delete;

  /// Starts the thread if any door is open.
  Result<void> open(OpenDoors& doors);

 private:
  admin::Server server_;
  DaemonOperations operations_;
  admin::Api api_;
  admin::Guard guard_;
};

Result<void> Administration::open(OpenDoors& doors) {
  if (doors.metrics.at.empty() && doors.admin.at.empty() && doors.dashboard.at.empty()) return {};
  const auto add = [&](OpenDoor& door, admin::Handler handler, std::size_t clients) {
    if (door.at.empty()) return;
    server_.add({.listening = std::move(door.listening), .handler = std::move(handler), .connections = clients});
  };
  add(doors.metrics, admin::metrics_handler(operations_), kMetricsClients);
  add(doors.admin, admin::admin_handler(api_, guard_), kAdminClients);
  add(doors.dashboard, admin::dashboard_handler(api_, guard_), kDashboardClients);
  server_.repeat(std::chrono::seconds(1), [this] { operations_.each_second(); });
  server_.repeat(std::chrono::milliseconds(50), [this] { api_.deliver_events(); });
  return server_.start();
}

Result<void> serve_prepared(const config::Config& config, Prepared prepared, OperatorLog& messages,
                            const OnListening& on_listening, const Source& source, bool warns_of_root) {
  if (auto started = messages.start(); !started) return started;
  Running& running = *prepared.running;
  relay::Shared& shared = running.shared();
  if (prepared.io.ring) shared.make_sender = loop::make_send_ring;
  shared.find_reset = prepared.resets.find;
  shared.warn = [&messages](std::string line) { messages.warn_from_worker(std::move(line)); };
  shared.wake_log = [log = prepared.log.get()] { log->wake(); };

  std::vector<relay::RecordRing*> rings;
  for (const auto& worker : running.workers()) rings.push_back(&worker->records());
  // The log must end before the workers, because it reads their rings.
  const auto log = std::move(prepared.log);
  PortWatch ports(messages);
  ports.watch(running.bound());
  Vitals& vitals = *prepared.vitals;
  vitals.loaded({});
  Control control({running, *log, messages, std::move(ports), vitals, source});
  Administration administration(std::move(prepared.doors.token), running, control, vitals, messages, *log);
  if (auto opened = administration.open(prepared.doors); !opened) return opened;
  log->start(std::move(rings));
  tell_start(config, prepared, messages, warns_of_root);
  if (on_listening) on_listening(running.bound());
  if (const auto served = control.run(); !served) return served;
  for (const Error& trouble : running.remove_files()) messages.warn(trouble.text());
  log->close();
  const Tally tally = control.tally();
  for (const std::string& line : {pauses(tally), turned_away(tally)})
    if (!line.empty()) messages.info(line);
  messages.tell_dropped();
  const std::uint64_t lost = log->lost();
  messages.info("stopped: " + control.summary() + (lost > 0 ? fmt::format(", {} of the log lost", lost) : ""));
  return {};
}

}  // namespace

int serve(const config::Config& config, const OnListening& on_listening, const Source& source,
          const config::Places& places, const std::vector<config::Problem>& warnings, bool warns_of_root) {
  prepare_signals();
  OperatorLog messages;
  messages.obey({.format = config.log.format});
  messages.set_level(config.log.level);
  for (const config::Problem& warning : warnings) messages.warn(statement_of(warning));
  const auto fail = [&](const std::string& why) {
    messages.error(why);
    return 1;
  };
  try {
    auto prepared = prepare(config, places, messages);
    if (!prepared) {
      for (auto& each : statements(prepared.error(), places)) messages.error(std::move(each));
      return 1;
    }
    const auto served = serve_prepared(config, std::move(*prepared), messages, on_listening, source, warns_of_root);
    return served ? 0 : fail(served.error().text());
  } catch (const std::exception& error) {
    // The libraries throw only for lack of memory, threads or descriptors.
    return fail(fmt::format("cannot continue: {}", error.what()));
  }
}

int run(const config::Config& config, const Source& source, const config::Places& places,
        const std::vector<config::Problem>& warnings) {
  return serve(config, {}, source, places, warnings);
}

}  // namespace lastbyte::proxy
