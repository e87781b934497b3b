// Wiring. All that can fail comes before the first thread: either everything serves or nothing was started.
#include "proxy/proxy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <thread>

#include "net/socket.h"
#include "net/unix_stream.h"
#include "observe/record_log.h"
#include "observe/record_text.h"
#include "proxy/control.h"
#include "proxy/descriptors.h"
#include "proxy/listeners.h"
#include "proxy/operator_log.h"
#include "proxy/privileges.h"
#include "proxy/serve.h"
#include "relay/shared.h"

namespace lastbyte::proxy {
namespace {

struct Prepared {
  unsigned workers = 1;
  std::uint64_t descriptor_limit = 0;
  std::uint32_t max_sessions = 0;
  Namespaces namespaces;
  std::vector<Bound> bound;
  std::unique_ptr<observe::RecordLog> log;  ///< null: off
};

unsigned worker_count(const config::Config& config) {
  return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

observe::RecordFormatter formatter(config::LogFormat format) {
  switch (format) {
    case config::LogFormat::text: return observe::to_text;
    case config::LogFormat::json: return observe::to_json;
  }
  return observe::to_text;
}

/// A log file that is made while we are root belongs to whom we become, who is to open it again.
Result<void> make_log_for(const std::string& path, const Identity& identity) {
  const Descriptor made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!made) return {};  // It is there already, or RecordLog says what is wrong.
  if (::fchown(made.get(), identity.uid, identity.gid) != 0) return failure_from_errno("chown the log " + path);
  return {};
}

Result<std::unique_ptr<observe::RecordLog>> open_log(const config::Config& config,
                                                     const std::optional<Identity>& identity, OperatorLog& messages) {
  if (config.log.target == "off") return nullptr;
  if (config.log.target != "stderr" && identity && ::geteuid() == 0)
    if (auto made = make_log_for(config.log.target, *identity); !made) return Failure(made.error());
  return observe::RecordLog::open(config.log.target, formatter(config.log.format),
                                  [&messages](const std::string& line) { messages.warn(line); });
}

KeptCapabilities kept_capabilities(const config::Config& config) {
  KeptCapabilities kept;
  for (const relay::Forwarding& forwarding : config.forwardings) {
    const net::ConnectOptions& upstream = forwarding.upstream;
    kept.net_admin = kept.net_admin || upstream.socket.mark.has_value();
    kept.net_raw = kept.net_raw || !upstream.socket.interface.empty() || upstream.transparent != net::Transparent::off;
    // A client's own port may be one of those below 1024.
    kept.net_bind_service = kept.net_bind_service || upstream.transparent == net::Transparent::ip_and_port;
    kept.net_bind_service =
        kept.net_bind_service || std::ranges::any_of(upstream.sources, [](const net::Address& source) {
          return source.port() != 0 && source.port() < 1024;
        });
  }
  return kept;
}

/// To be asked once privileges are dropped: with those that are left sessions must do.
Result<void> check_transparent(const config::Config& config) {
  for (const relay::Forwarding& forwarding : config.forwardings) {
    if (forwarding.upstream.transparent == net::Transparent::off) continue;
    const auto may = net::check_transparent();
    if (may) return {};
    return failure(
        "forwarding '" + forwarding.name + "': upstream.transparent", may.error().code,
        "it needs CAP_NET_RAW: start as root, or give it to the service (AmbientCapabilities= in the systemd "
        "unit)");
  }
  return {};
}

std::size_t listening_sockets(const std::vector<Resolved>& resolved, const std::vector<PassedSocket>& passed,
                              unsigned workers) {
  std::size_t addresses = passed.size();
  std::size_t files = 0;  // each listening path is held, too, beside its socket
  for (const Resolved& each : resolved) {
    addresses += each.listen.size();
    files += each.forwarding->listen.is_path() ? 1U : 0U;
  }
  return addresses * workers + files;
}

std::size_t descriptors_in_passing(const std::vector<relay::Forwarding>& forwardings, unsigned workers) {
  const bool any = std::ranges::any_of(forwardings, [](const relay::Forwarding& each) {
    return each.listen.is_unix() && each.connect.is_unix();
  });
  return any ? workers * net::kMostDescriptors : 0;
}

Result<Prepared> prepare(const config::Config& config, OperatorLog& messages) {
  Prepared prepared;
  prepared.workers = worker_count(config);
  auto passed = take_passed_sockets();
  if (!passed) return Failure(passed.error());
  const auto identity = look_up_identity(config.user, config.group);
  if (!identity) return Failure(identity.error());
  auto resolved = resolve_all(config.forwardings, prepared.namespaces);
  if (!resolved) return Failure(resolved.error());

  const auto limit = raise_descriptor_limit();
  if (!limit) return Failure(limit.error());
  prepared.descriptor_limit = *limit;
  const DescriptorBase base{prepared.workers, listening_sockets(*resolved, *passed, prepared.workers),
                            prepared.namespaces.descriptors(),
                            descriptors_in_passing(config.forwardings, prepared.workers)};
  const auto sessions = choose_max_sessions(config.max_sessions, *limit, base);
  if (!sessions) return Failure(sessions.error());
  prepared.max_sessions = *sessions;

  auto bound = bind_all(std::move(*resolved), std::move(*passed), prepared.workers);
  if (!bound) return Failure(bound.error());
  prepared.bound = std::move(*bound);
  auto log = open_log(config, *identity, messages);
  if (!log) return Failure(log.error());
  prepared.log = std::move(*log);
  if (auto dropped = drop_privileges(*identity, kept_capabilities(config)); !dropped) return Failure(dropped.error());
  if (auto dropped = prepared.namespaces.drop_privileges(); !dropped) return Failure(dropped.error());
  prepared.namespaces.fill();
  if (auto checked = check_transparent(config); !checked) return Failure(checked.error());
  return prepared;
}

std::string listed(const std::vector<net::Address>& addresses, const net::NamespaceName& netns) {
  std::string out;
  for (const net::Address& address : addresses) out += (out.empty() ? "" : ", ") + address.text();
  return netns.own() ? out : out + " in " + netns.text();
}

/// One line for a forwarding, however many ports it has. The index of the next one's first port.
std::size_t tell_forwarding(const std::vector<Bound>& bound, std::size_t at, OperatorLog& messages) {
  const Bound& first = bound[at];
  std::size_t next = at;
  while (next < bound.size() && bound[next].forwarding == first.forwarding) ++next;
  const std::size_t ports = next - at;
  messages.info(fmt::format("listening on {} -> {} ({}{})", listed(first.addresses, first.forwarding->client.netns),
                            listed(first.upstream, first.forwarding->upstream.netns), first.forwarding->name,
                            ports == 1 ? "" : fmt::format(", and {} more ports", ports - 1)));
  return next;
}

void tell_start(const config::Config& config, const Prepared& prepared, OperatorLog& messages) {
  for (std::size_t at = 0; at < prepared.bound.size();) at = tell_forwarding(prepared.bound, at, messages);
  messages.info(fmt::format("{} worker{}, at most {} sessions ({} descriptors), records to {}", prepared.workers,
                            prepared.workers == 1 ? "" : "s", prepared.max_sessions, prepared.descriptor_limit,
                            config.log.target));
  if (::geteuid() == 0) messages.warn("running as root; set user to give that up once the ports are bound");
}

Result<std::vector<std::unique_ptr<relay::Worker>>> make_workers(Prepared& prepared, relay::Shared& shared) {
  std::vector<std::unique_ptr<relay::Worker>> workers;
  for (unsigned index = 0; index < prepared.workers; ++index) {
    auto worker = relay::Worker::create(index, shared, listenings_for(prepared.bound, index));
    if (!worker) return Failure(worker.error());
    workers.push_back(std::move(*worker));
  }
  return workers;
}

/// Whose local ports can be counted: from source addresses that are known beforehand.
bool spends_ports(const relay::Forwarding& forwarding) {
  return forwarding.connect.transport == net::Transport::tcp &&
         forwarding.upstream.transparent == net::Transparent::off;
}

std::vector<PortWatch::Destination> destinations(const Prepared& prepared) {
  std::vector<PortWatch::Destination> all;
  for (const Bound& each : prepared.bound) {
    if (!spends_ports(*each.forwarding)) continue;
    for (const net::Address& address : each.upstream)
      all.push_back({address, each.forwarding->upstream.sources, each.upstream_inside});
  }
  return all;
}

Result<void> serve_prepared(const config::Config& config, Prepared& prepared, OperatorLog& messages,
                            const OnListening& on_listening) {
  relay::Shared shared;
  shared.max_sessions = prepared.max_sessions;
  shared.records_wanted = prepared.log != nullptr;
  shared.warn = [&messages](const std::string& line) { messages.warn(line); };
  if (prepared.log) shared.wake_log = [log = prepared.log.get()] { log->wake(); };

  auto workers = make_workers(prepared, shared);
  if (!workers) return Failure(workers.error());
  std::vector<relay::Worker*> all;
  std::vector<relay::RecordRing*> rings;
  for (const auto& worker : *workers) {
    all.push_back(worker.get());
    rings.push_back(&worker->records());
  }
  // Ends before the workers, whose rings it reads.
  const auto log = std::move(prepared.log);
  Control control({std::move(all), log.get(), messages, PortWatch(destinations(prepared), messages), config.drain});
  if (log) log->start(std::move(rings));
  tell_start(config, prepared, messages);
  if (on_listening) on_listening(prepared.bound);
  if (const auto served = control.run(); !served) return served;
  for (Bound& bound : prepared.bound)
    if (const auto removed = bound.file.remove(); !removed) messages.warn(removed.error().text());
  if (log) log->close();
  messages.info(fmt::format("stopped: {}, {} lost", control.story(), log ? log->lost() : 0));
  return {};
}

}  // namespace

int serve(const config::Config& config, const OnListening& on_listening) {
  ::signal(SIGPIPE, SIG_IGN);
  OperatorLog messages;
  const auto fail = [&](const std::string& why) {
    messages.error(why);
    return 1;
  };
  try {
    auto prepared = prepare(config, messages);
    if (!prepared) return fail(prepared.error().text());
    const auto served = serve_prepared(config, *prepared, messages, on_listening);
    return served ? 0 : fail(served.error().text());
  } catch (const std::exception& error) {
    // Only what the libraries throw for want of memory, threads or descriptors.
    return fail(fmt::format("cannot go on: {}", error.what()));
  }
}

int run(const config::Config& config) { return serve(config, {}); }

}  // namespace lastbyte::proxy
