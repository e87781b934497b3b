#include "tests/soak/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "net/socket/deaf.h"
#include "net/tcp/connect.h"
#include "peers/local_socket.h"
#include "tests/soak/daemon.h"
#include "tests/soak/lanes.h"
#include "tests/soak/peer.h"

namespace lastbyte::soak {
namespace {

/// How far ahead is looked for a session whose kind has a lane that is free.
constexpr std::size_t kAhead = 128;
/// What is still missing of a session then does not come any more.
constexpr Milliseconds kMissing = kPatience + Milliseconds(5'000);

/// A session under way.
struct Playing {
  explicit Playing(Plan plan) { session.plan = std::move(plan); }

  Session session;
  TimePoint began = Clock::now();
  std::unique_ptr<Peer> client;
  std::unique_ptr<Peer> upstream;
  Disturbing disturbing;
  TimePoint hears{};  ///< until then the upstream is deaf
};

void set_buffers(int fd, const PeerPlan& plan) {
  if (plan.receive_buffer) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &*plan.receive_buffer, sizeof(int));
  if (plan.send_buffer) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &*plan.send_buffer, sizeof(int));
}

Result<Descriptor> connect_to(const Lane& lane, const PeerPlan& plan) {
  if (lane.address.is_unix()) return peers::connect_locally(lane.address, plan.send_buffer);
  net::ConnectOptions options;
  options.socket.receive_buffer = plan.receive_buffer;
  options.socket.send_buffer = plan.send_buffer;
  auto connecting = net::connect_tcp(lane.address, {}, options);
  if (!connecting) return Failure(connecting.error());
  return std::move(connecting->socket);
}

class Run {
 public:
  Run(const RunOptions& options, const Judged& judged, std::vector<Lane> lanes)
      : options_(options), judged_(judged), lanes_(std::move(lanes)), playing_(lanes_.size()) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) lane_of_[lanes_[i].name] = i;
  }

  Result<RunResult> play(const system_test::TemporaryDirectory& directory) {
    auto daemon = Daemon::start(options_.binary, lanes_, directory);
    if (!daemon) return Failure(daemon.error());
    daemon_ = &*daemon;
    while (goes_on()) {
      begin_sessions();
      stop_if_due();
      turn();
    }
    for (std::string& each : daemon->end()) result_.daemon.push_back(std::move(each));
    return std::move(result_);
  }

 private:
  [[nodiscard]] bool goes_on() const {
    const bool enough = result_.failed >= options_.most_failures || !result_.daemon.empty();
    const bool all_begun = begun_ == options_.sessions * options_.times && waiting_.empty();
    return active_ > 0 || !(enough || all_begun);
  }

  void begin_sessions() {
    const bool enough = result_.failed >= options_.most_failures || !result_.daemon.empty();
    if (enough) return;
    while (waiting_.size() < kAhead && begun_ < options_.sessions * options_.times) {
      if (begun_++ % options_.times == 0) draw();
      waiting_.push_back(drawn_);
    }
    for (auto each = waiting_.begin(); each != waiting_.end() && active_ < options_.at_once;) {
      const auto lane = free_lane(each->kind);
      if (!lane) {
        ++each;
        continue;
      }
      begin(*lane, std::move(*each));
      each = waiting_.erase(each);
    }
  }

  /// The next session of a kind that is asked for.
  void draw() {
    do drawn_ = make_plan(options_.seed, number_++);
    while (drawn_.kind->name.find(options_.kinds) == std::string_view::npos);
  }

  void shorten(Milliseconds time) {
    daemon_->shorten(time);
    for (const auto& each : playing_)
      if (each) each->session.short_of_descriptors = true;
  }

  /// Runs of odd seeds end by a stop while their last sessions are under way, all others once nothing is (T15).
  void stop_if_due() {
    const bool most_begun = begun_ == options_.sessions * options_.times && waiting_.empty();
    const bool enough_played = result_.played >= options_.at_once;
    if (stopping_ || options_.seed % 2 == 0 || !most_begun || !enough_played || active_ == 0) return;
    stopping_ = true;
    daemon_->ask_to_stop();
    for (const auto& each : playing_)
      if (each) each->session.stopping = true;
  }

  std::optional<std::size_t> free_lane(const Kind* kind) {
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (lanes_[i].kind == kind && !playing_[i]) return i;
    return std::nullopt;
  }

  void begin(std::size_t index, Plan plan) {
    Lane& lane = lanes_[index];
    ++active_;
    playing_[index] = std::make_unique<Playing>(std::move(plan));
    Playing& one = *playing_[index];
    one.session.short_of_descriptors = daemon_->is_short();
    one.disturbing = {.freeze = [this](Milliseconds time) { daemon_->freeze(time); },
                      .shorten = [this](Milliseconds time) { shorten(time); },
                      .reload = [this, number = one.session.plan.number] { daemon_->reload(number); }};
    if (one.session.plan.deaf.count() != 0 && net::set_deaf(lane.upstream.get(), true) == 0)
      one.hears = one.began + one.session.plan.deaf;
    auto socket = connect_to(lane, one.session.plan.client);
    if (!socket) {
      one.session.client.base.error = socket.error().code;
      return;
    }
    const Plan& session = one.session.plan;
    one.client = std::make_unique<Peer>(std::move(*socket), session.client, !lane.address.is_unix(),
                                        Peer::Payloads{client_payload(session), upstream_payload(session)}, false,
                                        one.began, one.disturbing);
  }

  /// Whoever connects to a lane's upstream belongs to its session.
  void accept_on(std::size_t index) {
    Lane& lane = lanes_[index];
    for (;;) {
      Descriptor socket(::accept4(lane.upstream.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!socket) return;
      Playing& one = *playing_[index];
      if (++one.session.connections > 1) continue;  // the judge tells of it
      const Plan& plan = one.session.plan;
      set_buffers(socket.get(), plan.upstream);
      one.upstream = std::make_unique<Peer>(std::move(socket), plan.upstream, lane.kind->upstream == Transport::tcp,
                                            Peer::Payloads{upstream_payload(plan), client_payload(plan)},
                                            plan.kind->tells.has_value(), one.began, one.disturbing);
      one.upstream->advance(POLLOUT);
    }
  }

  /// Waits for something to happen, and does what follows.
  void turn() {
    polled_.assign(1, {daemon_->records(), POLLIN, 0});
    TimePoint wake = Clock::now() + kMissing;
    if (daemon_->wake()) wake = std::min(wake, *daemon_->wake());
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const auto& one = playing_[i];
      const bool accepts = one && lanes_[i].kind->reachable && !one->upstream;
      polled_.push_back({accepts ? lanes_[i].upstream.get() : -1, POLLIN, 0});
      for (const Peer* peer : {one ? one->client.get() : nullptr, one ? one->upstream.get() : nullptr}) {
        const bool waits = peer != nullptr && !peer->over();
        const short events = waits ? peer->events() : short{0};
        polled_.push_back({events != 0 ? peer->descriptor() : -1, events, 0});
        if (waits) wake = std::min(wake, peer->wake());
      }
      if (one && one->hears != TimePoint{}) wake = std::min(wake, one->hears);
    }
    const timespec timeout = left_until(wake);
    ::ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
    daemon_->relieve_if_due();
    daemon_ended_ = !daemon_->running();
    read_records();
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (playing_[i]) advance(i);
    if (daemon_ended_ && !stopping_ && result_.daemon.empty()) result_.daemon.emplace_back("it has ended by itself");
  }

  static timespec left_until(TimePoint wake) {
    const auto left = std::max<std::chrono::nanoseconds>(wake - Clock::now(), std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  }

  void advance(std::size_t index) {
    Playing& one = *playing_[index];
    if (one.hears != TimePoint{} && Clock::now() >= one.hears) {
      net::set_deaf(lanes_[index].upstream.get(), false);
      one.hears = {};
    }
    const std::size_t at = 1 + 3 * index;
    if (one.client) one.client->advance(polled_[at + 1].revents);
    if (one.upstream) one.upstream->advance(polled_[at + 2].revents);
    if (polled_[at].revents != 0) accept_on(index);
    if (is_over(index)) end(index);
  }

  bool is_over(std::size_t index) {
    Playing& one = *playing_[index];
    if (one.client && !one.client->over()) return false;
    if (one.upstream && !one.upstream->over()) return false;
    if (Clock::now() > one.began + kMissing || !one.client) return true;
    if (!one.session.record) return daemon_ended_;
    const bool comes = one.session.record->connect_us >= 0 && !one.upstream;
    return !comes && one.hears == TimePoint{};
  }

  void end(std::size_t index) {
    if (lanes_[index].kind->reachable) {
      accept_on(index);
      if (playing_[index]->upstream && !playing_[index]->upstream->over()) return;
    }
    const std::unique_ptr<Playing> one = std::move(playing_[index]);
    --active_;
    if (one->client) one->session.client = one->client->seen();
    if (one->upstream) one->session.upstream = one->upstream->seen();
    const auto violations = judge(one->session);
    ++result_.played;
    if (!violations.empty()) ++result_.failed;
    judged_(one->session, violations);
  }

  void read_records() {
    for (const std::string& line : daemon_->read_records()) {
      auto record = system_test::parse_record(line);
      if (!record) {
        result_.daemon.push_back(record.error().text());
        continue;
      }
      const auto found = lane_of_.find(record->forwarding);
      if (found == lane_of_.end() || !playing_[found->second]) {
        result_.daemon.push_back("a record of no session: " + line);
        continue;
      }
      Session& session = playing_[found->second]->session;
      if (++session.records == 1) session.record = std::move(*record);
    }
  }

  const RunOptions& options_;
  const Judged& judged_;
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<Playing>> playing_;  ///< by lane
  std::map<std::string, std::size_t> lane_of_;
  std::vector<pollfd>
      polled_;  ///< the records; then of each lane: its upstream socket, the client, the upstream's peer
  std::deque<Plan> waiting_;
  Plan drawn_;
  std::uint64_t number_ = options_.first;  ///< of the session that is drawn next
  std::uint64_t begun_ = 0;
  std::size_t active_ = 0;
  Daemon* daemon_ = nullptr;
  bool daemon_ended_ = false;
  bool stopping_ = false;
  RunResult result_;
};

}  // namespace

Result<RunResult> run(const RunOptions& options, const Judged& judged) {
  const system_test::TemporaryDirectory directory;
  std::uint32_t weights = 0;
  for (const Kind& kind : kinds()) weights += kind.weight;
  auto lanes = make_lanes(1 + 2 * options.at_once / weights, directory.path());
  if (!lanes) return Failure(lanes.error());
  return Run(options, judged, std::move(*lanes)).play(directory);
}

}  // namespace lastbyte::soak
