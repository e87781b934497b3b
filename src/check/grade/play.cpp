// One round: network, server, proxy, clients, and a director for what scripts cannot do themselves.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "check/grade/round_result.h"
#include "net/namespace/enter.h"
#include "peers/peer.h"
#include "process/eventually.h"

namespace lastbyte::check {
namespace {

constexpr Duration kRoundPause{2};
constexpr Duration kWeighEvery{20};
/// How long a server that is slow to hear ignores connection attempts, if there is no proxy.
constexpr Duration kHearsAfter{200};
/// How long the checker waits for a connection that is still on its way to the server when the client has left. The
/// kernel repeats an ignored SYN after a second.
constexpr Duration kGrace{500};
constexpr Duration kGraceForSyn{2500};
/// How long a proxy may take to close sockets and to exit after its session.
constexpr Duration kAftermath{5000};
/// How long no connection must arrive before a crowd counts as complete.
constexpr Duration kSettle{100};

using peers::Client;
using peers::Meeting;
using peers::Script;
using peers::Server;

/// Acts beside the peers on its own thread: it lets the server answer, asks the proxy to stop, and watches the proxy's
/// memory.
class Director {
 public:
  Director(const Scenario& scenario, Meeting& meeting, Server* server, const Launched& proxy, bool plain,
           RoundResult& result)
      : scenario_(scenario), meeting_(meeting), server_(server), proxy_(proxy), plain_(plain), result_(result) {
    if (scenario.watch_memory || scenario.stops || scenario.upstream == Upstream::slow_to_hear)
      thread_ = std::thread([this] { direct(); });
  }
  ~Director() { finish(); }
  Director(const Director&) = delete;
  Director& operator=(const Director&) = delete;

  void finish() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void direct() {
    while (!over_) {
      if (scenario_.watch_memory) weigh();
      if (scenario_.stops && meeting_.count("up") > 0 && !asked_) ask_to_stop();
      if (!heard_ && scenario_.upstream == Upstream::slow_to_hear) hear();
      std::this_thread::sleep_for(kRoundPause);
    }
  }

  void weigh() {
    if (Clock::now() < next_weighing_) return;
    next_weighing_ = Clock::now() + kWeighEvery;
    if (const auto weight = proxy_.weigh()) result_.most_kib = std::max(result_.most_kib, weight->resident_kib);
  }

  void ask_to_stop() {
    asked_ = true;
    proxy_.ask_to_stop();
    result_.stopped_listening = process::eventually([this] { return over_ || !proxy_.listens(); }, kAftermath);
    meeting_.signal("stopped");
  }

  void hear() {
    const bool now = plain_ ? Clock::now() >= began_ + kHearsAfter : meeting_.count("hear") > 0;
    heard_ = now && server_ != nullptr && server_->set_deaf(false);
  }

  const Scenario& scenario_;
  Meeting& meeting_;
  Server* server_;
  const Launched& proxy_;
  bool plain_;
  RoundResult& result_;
  TimePoint began_ = Clock::now();
  TimePoint next_weighing_ = {};
  bool asked_ = false;
  bool heard_ = false;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

struct Scripts {
  Script client;
  Script server;
  Script crowd;
};

Result<Scripts> read_scripts(const Scenario& scenario) {
  Scripts scripts;
  for (const auto& [text, script] :
       {std::pair(scenario.client, &scripts.client), std::pair(scenario.server, &scripts.server),
        std::pair(scenario.crowd.client, &scripts.crowd)}) {
    auto parsed = peers::parse_script(text);
    if (!parsed) return Failure(parsed.error());
    *script = std::move(*parsed);
  }
  return scripts;
}

}  // namespace

/// One round. It leaves the stage ready for the next round.
class Stage::Round {
 public:
  Round(const Scenario& scenario, const Variant& variant, const Target& target, Stage::Setting& setting)
      : scenario_(scenario),
        variant_(variant),
        target_(target),
        network_(setting.network),
        proxy_(setting.proxy),
        setting_(setting) {
    options_.meeting = &meeting_;
    options_.limit = scenario.limit;
    options_.from_client = variant.way.from_client;
    options_.to_server = variant.way.to_server;
  }

  Result<RoundResult> play() {
    const auto prepared = prepare();
    if (!prepared) return Failure(prepared.error());
    RoundResult result;
    if (scenario_.watch_memory || scenario_.watch_sockets) result.before = proxy_.weigh();
    Director director(scenario_, meeting_, server_ ? &*server_ : nullptr, proxy_, plain(), result);
    const auto played = play_clients(result);
    director.finish();
    if (!played) return Failure(played.error());
    collect_servers(result);
    look_back(result);
    return result;
  }

 private:
  [[nodiscard]] bool plain() const { return target_.kind == Kind::plain_tcp; }

  Result<void> prepare() {
    auto scripts = read_scripts(scenario_);
    if (!scripts) return Failure(scripts.error());
    scripts_ = std::move(*scripts);
    const auto served = start_server();
    if (!served || setting_.launched) return served;
    const std::uint32_t hops = scenario_.needs == Needs::two_of_them ? 2 : 1;
    auto proxy =
        Launched::launch(target_, variant_, network_, setting_.upstream, path_for(variant_.way.client, "proxy"), hops);
    if (!proxy) return Failure(proxy.error());
    proxy_ = std::move(*proxy);
    // Without a proxy, clients connect to the address at which the server listens in this round.
    setting_.launched = !plain();
    return {};
  }

  /// Returns an empty address for a leg over TCP.
  [[nodiscard]] net::Address path_for(net::Transport transport, const char* name) const {
    return transport == net::Transport::tcp ? net::Address() : *net::Address::unix_name(setting_.directory->file(name));
  }

  /// Returns the address at which the server listens. It stays the same in each round, because the proxy knows it.
  [[nodiscard]] net::Address choose_upstream() const {
    if (target_.kind == Kind::running) return target_.upstream;
    if (variant_.way.server == net::Transport::unix_stream) return path_for(variant_.way.server, "server");
    net::Address upstream = network_.server_host;
    // The kernel must not choose the port: between two rounds it could give the same port to another connection.
    upstream.set_port(target_.upstream_port != 0 ? target_.upstream_port : process::unused_port());
    return upstream;
  }

  Result<void> start_server() {
    net::Address& upstream = setting_.upstream;
    if (!setting_.launched) upstream = choose_upstream();
    if (scenario_.upstream == Upstream::absent) return {};
    Result<Server> server = failure("server", 0);
    const auto entered = net::run_inside(network_.server.get(), [&] {
      // A child that another thread has just started holds a copy of the previous listening socket until its exec().
      process::eventually(
          [&] {
            server = Server::start(scripts_.server, options_, std::nullopt, upstream);
            return server || server.error().code != EADDRINUSE;
          },
          kAftermath);
    });
    if (!entered) return Failure(entered.error());
    if (!server) return Failure(server.error());
    server_ = std::move(*server);
    upstream = server_->address();
    const bool deaf = scenario_.upstream == Upstream::slow_to_hear || scenario_.upstream == Upstream::silent;
    if (deaf && !server_->set_deaf(true)) return failure_from_errno("SO_ATTACH_FILTER");
    return {};
  }

  Result<void> start_clients(std::vector<Client>& clients, const Script& script, std::uint32_t count) {
    return net::run_inside(network_.client.get(), [&] {
      for (std::uint32_t i = 0; i < count; ++i) clients.emplace_back(proxy_.address(), script, options_);
    });
  }

  Result<void> play_clients(RoundResult& result) {
    std::vector<Client> crowd;
    const auto came = start_clients(crowd, scripts_.crowd, scenario_.crowd.count);
    if (!came) return came;
    if (scenario_.crowd.stays) {
      process::eventually([this] { return accepted() >= scenario_.crowd.count; }, scenario_.limit);
    } else if (scenario_.crowd.count > 0) {
      for (Client& each : crowd) each.wait();
      wait_for_quiet();
    }
    before_ = accepted();
    std::vector<Client> clients;
    const auto started = start_clients(clients, scripts_.client, scenario_.sessions);
    if (!started) return started;
    for (Client& each : clients) result.clients.push_back(each.wait());
    meeting_.signal("leave");
    return {};
  }

  [[nodiscard]] std::uint32_t accepted() const { return server_ ? server_->accepted() : 0; }

  void wait_for_quiet() {
    std::uint32_t seen = accepted();
    while (true) {
      std::this_thread::sleep_for(kSettle);
      if (accepted() == seen) return;
      seen = accepted();
    }
  }

  /// Waits until the servers have ended as well, and takes what they observed.
  void collect_servers(RoundResult& result) {
    if (!server_) return;
    const std::uint32_t expected = before_ + scenario_.sessions;
    const Duration grace = scenario_.upstream == Upstream::slow_to_hear ? kGraceForSyn : kGrace;
    process::eventually([&] { return accepted() >= expected; }, grace);
    if (accepted() >= expected)
      process::eventually([this] { return server_->ended() >= server_->accepted(); }, scenario_.limit + kGrace);
    server_->stop();
    auto seen = server_->wait();
    const std::size_t skip = std::min<std::size_t>(before_, seen.size());
    result.servers.assign(seen.begin() + static_cast<std::ptrdiff_t>(skip), seen.end());
  }

  void look_back(RoundResult& result) {
    if (scenario_.watch_sockets && result.before) {
      process::eventually(
          [&] {
            result.after = proxy_.weigh();
            return !result.after || result.after->sockets <= result.before->sockets;
          },
          kAftermath);
    }
    if (scenario_.stops) {
      process::eventually(
          [&] {
            result.exit_status = proxy_.exit_status();
            return result.exit_status.has_value();
          },
          kAftermath);
    }
    if (scenario_.first_to_close != FirstToClose::not_watched && !result.clients.empty() && !result.servers.empty()) {
      process::eventually(
          [&] {
            result.time_waits = time_waits(result.clients.front(), result.servers.front());
            return result.time_waits == expected_time_waits(scenario_.first_to_close, !plain());
          },
          kAftermath);
    }
    result.output = proxy_.output();
    result.form = proxy_.form();
    result.kernel_kib = process::kernel_buffers_kib();
    // The next round needs a proxy that was not stopped.
    if (scenario_.stops) setting_.launched = false;
  }

  [[nodiscard]] TimeWaits time_waits(const Observed& client, const Observed& server) const {
    TimeWaits waits;
    waits.client = process::in_time_wait(client.local, client.remote);
    waits.server = process::in_time_wait(server.local, server.remote);
    if (plain()) return waits;
    waits.proxy_to_client = process::in_time_wait(client.remote, client.local);
    waits.proxy_to_server = process::in_time_wait(server.remote, server.local);
    return waits;
  }

  const Scenario& scenario_;
  const Variant& variant_;
  const Target& target_;
  const Network& network_;
  Launched& proxy_;
  Stage::Setting& setting_;
  Scripts scripts_;
  Meeting meeting_;
  peers::PeerOptions options_;
  std::optional<Server> server_;
  std::uint32_t before_ = 0;
};

Result<Stage> Stage::make(const Scenario& scenario, const Variant& variant, const Target& target, std::uint64_t seed) {
  auto network = Network::make(scenario.place, seed);
  if (!network) return Failure(network.error());
  Setting setting{std::move(*network), {}, {}, {}, false};
  if (variant.way.has_unix()) {
    auto directory = process::ScratchDirectory::make();
    if (!directory) return Failure(directory.error());
    setting.directory = std::move(*directory);
  }
  return Stage(scenario, variant, target, std::move(setting));
}

Stage::Stage(const Scenario& scenario, const Variant& variant, const Target& target, Setting setting)
    : scenario_(&scenario), variant_(&variant), target_(&target), setting_(std::move(setting)) {}

Result<RoundResult> Stage::play() { return std::make_unique<Round>(*scenario_, *variant_, *target_, setting_)->play(); }

}  // namespace lastbyte::check
