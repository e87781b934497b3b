#include "tests/soak/plan.h"

#include <algorithm>
#include <array>
#include <functional>

#include "net/proxy_protocol/header.h"
#include "tests/soak/dice.h"

namespace lastbyte::soak {
namespace {

namespace pp = net::proxy_protocol;

constexpr auto kKinds = std::to_array<Kind>({
    {.name = "tcp-tcp", .weight = 6},
    {.name = "tcp-unix", .upstream = Transport::unix_stream, .weight = 3},
    {.name = "unix-tcp", .client = Transport::unix_stream, .weight = 3},
    {.name = "unix-unix", .client = Transport::unix_stream, .upstream = Transport::unix_stream, .weight = 3},
    {.name = "tcp-tcp-small-buffers", .small_buffers = true, .weight = 2},
    {.name = "tcp-tcp-linger-always", .settings = "linger: {mode: always, time: 10s}"},
    {.name = "tcp-tcp-header-v2", .asks = Asks::required, .tells = pp::Version::v2},
    {.name = "tcp-tcp-header-optional", .asks = Asks::optional},
    {.name = "tcp-tcp-tells-v1", .tells = pp::Version::v1},
    {.name = "tcp-unix-header-v1",
     .upstream = Transport::unix_stream,
     .asks = Asks::required,
     .tells = pp::Version::v1},
    {.name = "unix-tcp-header-v2", .client = Transport::unix_stream, .asks = Asks::required, .tells = pp::Version::v2},
    {.name = "unix-unix-header-optional",
     .client = Transport::unix_stream,
     .upstream = Transport::unix_stream,
     .asks = Asks::optional,
     .tells = pp::Version::v2},
    {.name = "tcp-tcp-brief", .brief = true},
    {.name = "tcp-unix-brief", .upstream = Transport::unix_stream, .brief = true},
    {.name = "unix-tcp-brief", .client = Transport::unix_stream, .brief = true},
    {.name = "unix-unix-brief", .client = Transport::unix_stream, .upstream = Transport::unix_stream, .brief = true},
    {.name = "tcp-tcp-on-data", .held_back = true, .weight = 2},
    {.name = "unix-tcp-on-data", .client = Transport::unix_stream, .held_back = true},
    {.name = "unix-unix-on-data",
     .client = Transport::unix_stream,
     .upstream = Transport::unix_stream,
     .held_back = true},
    {.name = "tcp-unix-header-on-data",
     .upstream = Transport::unix_stream,
     .asks = Asks::required,
     .tells = pp::Version::v2,
     .held_back = true},
    {.name = "tcp-refused-on-data", .reachable = false, .held_back = true},
    {.name = "tcp-refused", .reachable = false},
    {.name = "unix-refused", .client = Transport::unix_stream, .upstream = Transport::unix_stream, .reachable = false},
});

/// At the latest then a peer cuts.
constexpr std::uint64_t kLatestCut = 400;
/// A paced peer takes so many calls at most, and so many milliseconds for each.
constexpr std::uint64_t kCalls = 30;
constexpr std::uint64_t kSlowest = 6;

constexpr std::uint64_t kMostDescriptors = 8;

constexpr std::array<std::uint64_t, 8> kEdges{4096, 16'384, 65'535, 65'536, 65'537, 131'072, 200'000, 262'144};

Milliseconds ms(std::uint64_t count) { return Milliseconds(count); }

/// Draws one plan.
class Planner {
 public:
  Planner(std::uint64_t seed, std::uint64_t number) : dice_(Dice(seed).next() ^ Dice(~number).next()) {
    plan_.seed = seed;
    plan_.number = number;
  }

  Plan plan() {
    plan_.kind = &kKinds[drawn_kind()];
    if (plan_.kind->asks != Asks::off) draw_header();
    if (plan_.header == Header::wrong) return plan_;
    if (plan_.kind->held_back && dice_.percent(20)) return probe(), plan_;
    converse();
    for (PeerPlan* peer : {&plan_.client, &plan_.upstream}) draw_reading(*peer);
    draw_endings();
    if (plan_.kind->asks == Asks::optional && plan_.client.cutting.cut != Cut::none) join_header();
    if (plan_.kind->brief) draw_silence();
    if (plan_.kind->reachable && plan_.kind->upstream == Transport::tcp && dice_.in_a_thousand(3)) plan_.deaf = ms(300);
    return plan_;
  }

 private:
  std::size_t drawn_kind() {
    std::array<std::uint32_t, kKinds.size()> weights{};
    std::ranges::transform(kKinds, weights.begin(), &Kind::weight);
    return dice_.weighted(weights);
  }

  PeerPlan& peer(bool client) { return client ? plan_.client : plan_.upstream; }
  std::uint64_t& total(bool client) { return client ? client_bytes_ : upstream_bytes_; }
  [[nodiscard]] Transport leg(bool client) const { return client ? plan_.kind->client : plan_.kind->upstream; }

  std::uint64_t size() {
    switch (dice_.weighted<6>({20, 25, 20, 10, 22, 3})) {
      case 0: return 0;
      case 1: return dice_.between(1, 200);
      case 2: return dice_.between(200, 20'000);
      case 3: return dice_.one_of(kEdges);
      case 4: return dice_.between(20'000, 600'000);
      default: return dice_.between(1'000'000, 4'000'000);
    }
  }

  void send(bool client, std::uint64_t bytes) {
    if (bytes == 0) return;
    Step step{.verb = Verb::send, .bytes = bytes};
    if (dice_.percent(30)) {
      step.chunk = std::max<std::uint64_t>(bytes / dice_.between(1, kCalls), 1);
      step.time = ms(dice_.below(bytes / step.chunk > kCalls ? 1 : kSlowest));
    }
    peer(client).steps.push_back(step);
    total(client) += bytes;
  }

  /// Of several urgent bytes that a TCP upstream sends before lastbyte has looked, Linux keeps the last only (T1): it
  /// sends one in all.
  void urgent(bool client) {
    const bool one_only = !client && leg(client) == Transport::tcp;
    if (one_only && upstream_was_urgent_) return;
    upstream_was_urgent_ = upstream_was_urgent_ || !client;
    const std::uint64_t count = one_only ? 1 : dice_.between(1, 3);
    for (std::uint64_t i = 0; i < count; ++i) peer(client).steps.push_back({.verb = Verb::urgent});
    total(client) += count;
  }

  /// Only where they pass: from one UNIX socket to another.
  void descriptors(bool client) {
    if (leg(client) == Transport::tcp || leg(!client) == Transport::tcp) return;
    for (std::uint64_t left = dice_.between(1, 3); left > 0; --left) {
      peer(client).steps.push_back({.verb = Verb::descriptors, .bytes = dice_.between(1, kMostDescriptors)});
      ++total(client);
      if (dice_.percent(50)) send(client, dice_.between(1, 100));
    }
  }

  void disturb(bool client) {
    if (dice_.in_a_thousand(25)) peer(client).steps.push_back({.verb = Verb::freeze, .time = ms(dice_.between(2, 20))});
    if (dice_.in_a_thousand(5)) peer(client).steps.push_back({.verb = Verb::reload});
    if (dice_.in_a_thousand(2))
      peer(client).steps.push_back({.verb = Verb::shortage, .time = ms(dice_.between(5, 50))});
  }

  /// Each phase one side sends something, perhaps once it has all that was sent in the phases before: what is waited
  /// for never waits for the waiting.
  void converse() {
    if (plan_.kind->held_back) ask();
    bool client = plan_.kind->asks != Asks::off || dice_.percent(70);
    if (plan_.header == Header::none && plan_.kind->asks == Asks::optional) send(true, dice_.between(16, 2000));
    for (std::uint64_t phases = dice_.between(1, 4); phases > 0; --phases) {
      std::vector<Step>& steps = peer(client).steps;
      if (dice_.percent(40)) steps.push_back({.verb = Verb::await_bytes, .bytes = total(!client)});
      if (dice_.percent(15)) steps.push_back({.verb = Verb::pause, .time = ms(dice_.between(1, 20))});
      disturb(client);
      send(client, size());
      if (dice_.percent(12)) urgent(client);
      if (dice_.percent(20)) descriptors(client);
      client = dice_.percent(80) ? !client : client;
    }
    for (const bool each : {true, false})
      if (dice_.percent(5)) urgent(each);
  }

  /// The upstream is not there before the client's first byte, of whichever kind.
  void ask() {
    switch (dice_.weighted<3>({70, 15, 15})) {
      case 0: break;
      case 1: urgent(true); break;
      default: descriptors(true); break;
    }
    if (client_bytes_ == 0) send(true, dice_.between(1, 2000));
  }

  /// A client that sends no byte, as the probes of load balancers do.
  void probe() {
    if (dice_.percent(50)) plan_.client.steps.push_back({.verb = Verb::pause, .time = ms(dice_.between(1, 60))});
    if (dice_.percent(50)) return fin(true, false);
    Cutting& cutting = plan_.client.cutting;
    cutting.cut = dice_.percent(50) ? Cut::reset : Cut::close;
    cutting.at = ms(dice_.between(0, 100));
    cutting.after_writing = dice_.percent(60);
  }

  void draw_reading(PeerPlan& peer) {
    const std::uint64_t coming = total(&peer != &plan_.client);
    switch (dice_.weighted<4>({60, 15, 15, 10})) {
      case 0: break;
      case 1: peer.reading.pause = ms(dice_.between(2, 60)); break;
      case 2:
        peer.reading.chunk = std::max<std::uint64_t>(coming / dice_.between(2, kCalls), 1);
        peer.reading.every = ms(dice_.below(kSlowest));
        break;
      default:  // with a window that is too small for what comes, it would come for seconds
        peer.receive_buffer = static_cast<int>(std::max(dice_.between(2048, 16'384), coming / 20));
        break;
    }
    if (dice_.percent(10)) peer.send_buffer = static_cast<int>(dice_.between(4096, 65'536));
  }

  void fin(bool client, bool waits) {
    std::vector<Step>& steps = peer(client).steps;
    if (waits) {
      steps.push_back({.verb = Verb::await_end});
    } else if (dice_.percent(20)) {
      steps.push_back({.verb = Verb::pause, .time = ms(dice_.between(1, 60))});
    }
    disturb(client);
    // close() sends the FIN as well, once there is nothing more to read.
    if (!waits || dice_.percent(70)) steps.push_back({.verb = Verb::fin});
  }

  /// One who lets go early; its flow may have ended before.
  void cut(bool client) {
    PeerPlan& one = peer(client);
    if (dice_.percent(30)) fin(client, false);
    if (dice_.percent(40)) one.steps.push_back({.verb = Verb::await_ack});
    Cutting& cutting = one.cutting;
    cutting.cut = dice_.percent(50) ? Cut::reset : Cut::close;
    cutting.at = ms(dice_.between(dice_.percent(30) ? 0 : 100, kLatestCut));
    cutting.after_writing = dice_.percent(60);
    const std::uint64_t coming = total(!client);
    if (coming > 0 && dice_.percent(30)) cutting.after_bytes = dice_.between(1, coming);
    if (dice_.percent(40)) one.reading.stops_after = cutting.after_bytes.value_or(dice_.below(coming + 1));
  }

  void draw_endings() {
    const bool client = dice_.percent(50);
    const std::size_t how = dice_.weighted<4>({25, 35, 30, 10});
    switch (how) {
      case 0:  // both at once
        fin(true, false);
        fin(false, false);
        return;
      case 1:  // one after the other
        fin(client, false);
        fin(!client, true);
        return;
      case 2:
        cut(client);
        fin(!client, dice_.percent(50));
        return;
      default:
        cut(true);
        cut(false);
        return;
    }
  }

  /// Silence that makes a limit pass, or talk that must keep it from passing while the daemon stands still for longer.
  void draw_silence() {
    PeerPlan& one = peer(dice_.percent(50));
    const auto somewhere = [&] {
      return one.steps.begin() + static_cast<std::ptrdiff_t>(dice_.below(one.steps.size() + 1));
    };
    switch (dice_.weighted<4>({50, 25, 15, 10})) {
      case 0: return;
      case 1: one.steps.insert(somewhere(), {.verb = Verb::pause, .time = ms(dice_.between(150, 500))}); return;
      case 2: one.reading.pause = ms(dice_.between(150, 500)); return;
      default: talk(); return;
    }
  }

  void talk() {
    plan_.client = plan_.upstream = {};
    client_bytes_ = upstream_bytes_ = 0;
    PeerPlan& one = peer(dice_.percent(50));
    const std::uint64_t before = dice_.between(2, 6);
    const std::uint64_t bytes = dice_.between(1, 100);
    one.steps = {{.verb = Verb::send, .bytes = before * bytes, .chunk = bytes, .time = ms(10)},
                 {.verb = Verb::freeze, .time = kBrief + ms(dice_.between(30, 80))},
                 {.verb = Verb::send, .bytes = 40 * bytes, .chunk = bytes, .time = ms(10)}};
    PeerPlan& other = &one == &plan_.client ? plan_.upstream : plan_.client;
    if (dice_.percent(50)) other.steps.push_back({.verb = Verb::await_end});
    for (PeerPlan* each : {&one, &other}) each->steps.push_back({.verb = Verb::fin});
  }

  void draw_header();
  void append_raw(const std::string& bytes);
  void join_header();

  Dice dice_;
  Plan plan_;
  std::uint64_t client_bytes_ = 0;
  std::uint64_t upstream_bytes_ = 0;
  bool upstream_was_urgent_ = false;
};

/// In one piece or in several.
void Planner::append_raw(const std::string& bytes) {
  std::vector<Step>& steps = plan_.client.steps;
  std::size_t at = 0;
  if (dice_.percent(30)) {
    at = dice_.between(1, bytes.size());
    steps.push_back({.verb = Verb::raw, .raw = bytes.substr(0, at)});
    if (dice_.percent(50)) steps.push_back({.verb = Verb::pause, .time = ms(dice_.between(1, 20))});
  }
  if (at < bytes.size()) steps.push_back({.verb = Verb::raw, .raw = bytes.substr(at)});
}

/// A client that lets go amid an optional header may have sent bytes of its own (T3): when it lets go decides what the
/// upstream gets. The judge can tell only what comes of a whole header, so that nothing waits between its pieces.
void Planner::join_header() {
  std::vector<Step>& steps = plan_.client.steps;
  const auto header = [](const Step& step) { return step.verb == Verb::raw; };
  const auto last = std::find_if(steps.rbegin(), steps.rend(), header).base();
  steps.erase(std::remove_if(steps.begin(), last, std::not_fn(header)), last);
}

void Planner::draw_header() {
  const bool required = plan_.kind->asks == Asks::required;
  const std::size_t how = required ? dice_.weighted<4>({0, 75, 10, 15}) : dice_.weighted<4>({35, 50, 10, 5});
  plan_.header = std::array{Header::none, Header::told, Header::unknown, Header::wrong}[how];
  if (plan_.header == Header::none) return;
  plan_.header_version = dice_.percent(50) ? pp::Version::v1 : pp::Version::v2;
  pp::Header header{.version = *plan_.header_version};
  if (plan_.header != Header::unknown) {
    const auto port = static_cast<std::uint16_t>(dice_.between(1024, 65'535));
    plan_.told = *net::Address::parse("192.0.2." + std::to_string(dice_.between(1, 254)), port);
    header.source = plan_.told;
    header.destination = *net::Address::parse("198.51.100.20", 443);
  } else {
    header.transport = pp::Transport::unspecified;
  }
  const std::string bytes = *pp::format(header);
  if (plan_.header != Header::wrong) return append_raw(bytes);
  plan_.told = {};
  if (required && dice_.percent(30)) {  // it is none
    plan_.header_version.reset();
    append_raw("GET / HTTP/1.0\r\n\r\n");
  } else if (dice_.percent(50)) {  // it begins as one
    const bool v1 = plan_.header_version == pp::Version::v1;
    append_raw(v1 ? "PROXY TCP9 192.0.2.1 192.0.2.2 1 2\r\n" : bytes.substr(0, 12) + "\x7f" + bytes.substr(13));
  } else {
    // The FIN cuts it off. An optional one that could still be the client's own bytes is taken for these, so that
    // enough of it comes.
    append_raw(bytes.substr(0, dice_.between(13, bytes.size() - 1)));
    return fin(true, false);
  }
  disturb(true);
  send(true, size());
  fin(true, dice_.percent(50));
}

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

Plan make_plan(std::uint64_t seed, std::uint64_t number) { return Planner(seed, number).plan(); }

std::uint64_t client_payload(const Plan& plan) { return Dice(plan.seed * 2 + 1).next() ^ (plan.number * 2); }
std::uint64_t upstream_payload(const Plan& plan) { return Dice(plan.seed * 2 + 1).next() ^ (plan.number * 2 + 1); }

}  // namespace lastbyte::soak
