#include "lab/stage/stage.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/time.h"
#include "kernel/proc/owner.h"
#include "kernel/reset/event.h"
#include "kernel/reset/reasons.h"
#include "lab/stage/timeline.h"
#include "net/namespace/enter.h"
#include "process/eventually.h"
#include "wire/interface.h"
#include "wire/network.h"
#include "wire/veth.h"

namespace lastbyte::lab {
namespace {

// Addresses for tests of devices (RFC 2544). They exist only in the namespaces.
constexpr const char* kClientHost = "198.18.0.1";
constexpr const char* kServerHost = "198.18.0.2";
constexpr const char* kLoopback = "127.0.0.1";
constexpr const char* kClientDevice = "lab-client";
constexpr const char* kServerDevice = "lab-server";

constexpr Duration kQuiet{20};
constexpr int kLooks = 100;

std::size_t index(Who who) { return who == Who::client ? 0 : 1; }

std::string read_again(int fd) {
  std::string text;
  std::array<char, 16384> part{};
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(fd, part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<std::size_t>(got));
  return text;
}

Who other(Who who) { return who == Who::client ? Who::server : Who::client; }

}  // namespace

wire::Moment now() { return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()); }

Stage::Stage(Medium medium, wire::Capture capture) : medium_(medium), capture_(std::move(capture)) {}

Result<std::unique_ptr<Stage>> Stage::make(Medium medium, const Trials& trials) {
  auto client = wire::make_namespace();
  if (!client) return Failure(client.error());
  Descriptor server;
  if (medium == Medium::veth) {
    auto made = wire::make_namespace();
    if (!made) return Failure(made.error());
    server = std::move(*made);
    const auto joined =
        wire::join_by_veth({client->get(), kClientDevice, kClientHost}, {server.get(), kServerDevice, kServerHost});
    if (!joined) return Failure(joined.error());
  }
  auto capture = wire::Capture::start(client->get(), medium == Medium::veth ? kClientDevice : "lo");
  if (!capture) return Failure(capture.error());
  std::unique_ptr<Stage> stage(new Stage(medium, std::move(*capture)));
  stage->client_addresses_ = {kClientHost};
  stage->trials_ = trials;
  stage->client_network_ = std::move(*client);
  stage->server_network_ = std::move(server);
  for (const Who who : {Who::client, Who::server}) {
    auto counters = kernel::read_counters(stage->network(who));
    if (!counters) return Failure(counters.error());
    stage->counters_at_start_[index(who)] = std::move(*counters);
  }
  stage->attach();
  return stage;
}

void Stage::attach() {
  auto shared = Tracepoints::share();
  if (!shared) {
    no_tracepoints_ = shared.error().text();
    return;
  }
  tracepoints_ = std::move(*shared);
  for (const Who who : {Who::client, Who::server}) {
    inodes_[index(who)] = kernel::network_inode(network(who));
    tracepoints_->keep(inodes_[index(who)]);
  }
}

Stage::~Stage() {
  if (!tracepoints_) return;
  for (const std::uint32_t inode : inodes_) tracepoints_->forget(inode);
}

int Stage::network(Who who) const {
  return who == Who::server && server_network_ ? server_network_.get() : client_network_.get();
}

net::Address Stage::address(Who who, std::uint16_t port) const {
  if (medium_ == Medium::loopback) return *net::Address::parse(kLoopback, port);
  return *net::Address::parse(who == Who::client ? kClientHost : kServerHost, port);
}

std::string Stage::device(Who who) const {
  return medium_ == Medium::loopback ? "lo" : who == Who::client ? kClientDevice : kServerDevice;
}

bool Stage::add_address(Who who, const std::string& ip) {
  // On loopback both hosts are one, and each address needs an alias of its own (netdevice(7)).
  const int number = ++further_addresses_[medium_ == Medium::loopback ? 0 : index(who)];
  bool added = false;
  inside(who, [&] {
    added = wire::set_up(device(who) + ":" + std::to_string(number),
                         {.own = ip, .netmask = medium_ == Medium::loopback ? "255.255.255.255" : "255.255.255.0"})
                .has_value();
  });
  if (added && who == Who::client) client_addresses_.insert(ip);
  return added;
}

void Stage::inside(Who who, const std::function<void()>& function) { (void)net::run_inside(network(who), function); }

void Stage::scene(const std::string& name) {
  end_scene();
  const std::lock_guard lock(mutex_);
  scenes_.push_back({.name = name, .events = {}});
  ports_.clear();
  told_.clear();
  for (const Who who : {Who::client, Who::server})
    counters_of_scene_[index(who)] = kernel::read_counters(network(who)).value_or(kernel::Counters());
}

Socket Stage::socket(Who who, int family) {
  Descriptor made;
  inside(who, [&] { made = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); });
  return {*this, who, std::move(made)};
}

Socket Stage::listener(Who who, int backlog) {
  Socket listening = socket(who);
  const net::Address at = address(who);
  // If the kernel has no port left, nothing can connect, and the rows differ.
  static_cast<void>(::bind(listening.fd(), at.data(), at.size()) == 0 && ::listen(listening.fd(), backlog) == 0);
  own_port(who, listening.local().port());
  return listening;
}

Stage::Pair Stage::pair(int client_window, int server_window) {
  Socket listening = listener();
  // SO_RCVBUF is set before the SYN, which fixes the window scale (net/ipv4/tcp_output.c tcp_select_initial_window).
  if (server_window != 0) ::setsockopt(listening.fd(), SOL_SOCKET, SO_RCVBUF, &server_window, sizeof server_window);
  Socket client = socket(Who::client);
  if (client_window != 0) ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &client_window, sizeof client_window);
  client.connect(listening.local());
  Socket server = listening.accept();
  return {std::move(client), std::move(server)};
}

void Stage::see(const std::string& row, const std::string& value) {
  if (const auto reason = hindrances_.begin(); reason != hindrances_.end())
    not_observed(row, reason->second);
  else
    seen_[row] = {.value = value};
}

void Stage::not_observed(const std::string& row, const std::string& why) {
  seen_[row] = {.value = std::nullopt, .reason = why};
}

void Stage::measured(const std::string& name, const std::string& value) { measured_.push_back({name, value}); }

void Stage::note(Who who, EventKind kind, const std::string& text) { note_at(now(), who, kind, text); }

void Stage::note_at(wire::Moment at, Who who, EventKind kind, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (!scenes_.empty()) scenes_.back().events.push_back({.at = at, .who = who, .kind = kind, .text = text});
}

void Stage::own_port(Who who, std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  if (port != 0) ports_[port] = who;
}

Who Stage::sender_of(const wire::Segment& segment) const {
  if (medium_ == Medium::veth) return client_addresses_.contains(segment.source) ? Who::client : Who::server;
  if (const auto found = ports_.find(segment.source_port); found != ports_.end()) return found->second;
  const auto found = ports_.find(segment.destination_port);
  return found == ports_.end() ? Who::client : other(found->second);
}

void Stage::drain() {
  for (wire::Packet& packet : capture_.drain()) {
    auto segment = wire::parse_segment(packet.bytes);
    // Skips packets of an earlier scene that come late: a TIME_WAIT, a retransmission.
    const std::lock_guard lock(mutex_);
    const bool ours = segment && (ports_.contains(segment->source_port) || ports_.contains(segment->destination_port));
    if (ours) taken_.push_back({std::move(packet), std::move(segment)});
  }
}

void Stage::drain_tracepoints() {
  if (!tracepoints_) return;
  const auto offset = now().time_since_epoch() - Clock::now().time_since_epoch();
  for (const Who host : {Who::client, Who::server}) {
    if (host == Who::server && !server_network_) break;
    for (const kernel::TcpEvent& event : tracepoints_->take(inodes_[index(host)])) {
      const std::lock_guard lock(mutex_);
      const auto local = ports_.find(event.local.port());
      const auto remote = ports_.find(event.remote.port());
      if (scenes_.empty() || (local == ports_.end() && remote == ports_.end())) continue;
      Who who = host;
      if (medium_ == Medium::loopback) who = local != ports_.end() ? local->second : other(remote->second);
      told_.emplace_back(who, event);
      scenes_.back().events.push_back(event_of(
          event, who,
          wire::Moment(std::chrono::duration_cast<std::chrono::nanoseconds>(event.time.time_since_epoch() + offset))));
    }
  }
}

void Stage::see_reset_reason(const std::string& row, Who who) {
  segments();
  if (!tracepoints_) {
    not_observed(row, no_tracepoints_);
    return;
  }
  if (tracepoints_->lost() != 0) {
    not_observed(row, "the kernel reported more events than the ring holds");
    return;
  }
  const auto first = std::ranges::find_if(
      told_, [&](const auto& each) { return each.first == who && each.second.kind == kernel::EventKind::reset_sent; });
  // Before 6.10 the tracepoint has no reason, and a reset that no socket sends does not reach it.
  if (first == told_.end() ? !kernel::running_kernel_reasons() : first->second.reason.empty())
    not_observed(row, "this kernel reports no reason: it is older than Linux 6.10");
  else if (first == told_.end())
    see(row, "no reset");
  else
    see(row, first->second.reason);
}

const std::vector<wire::Segment>& Stage::segments() {
  std::size_t before = 0;
  for (int look = 0; look < kLooks; ++look) {
    drain();
    if (look != 0 && taken_.size() == before) break;
    before = taken_.size();
    std::this_thread::sleep_for(kQuiet);
  }
  drain_tracepoints();
  segments_.clear();
  for (const Taken& each : taken_) segments_.push_back(*each.segment);
  return segments_;
}

std::string Stage::endings(Who from) {
  std::string out;
  std::string last;
  for (const wire::Segment& each : segments()) {
    if (sender_of(each) != from || (!each.fin && !each.rst)) continue;
    const std::string word = each.rst ? "RST" : "FIN";
    if (word == last) continue;  // a retransmission
    out += (out.empty() ? "" : ", ") + word;
    last = word;
  }
  return out.empty() ? "nothing" : out;
}

bool Stage::set_kernel(Who who, const std::string& name, const std::string& value) {
  Result<void> written;
  inside(who, [&] { written = write_file("/proc/sys/net/ipv4/" + name, value); });
  const std::string present = kernel_setting(who, name);
  const std::string key = std::to_string(network(who)) + name;
  // Where /proc/sys is read-only, the setting may be as wanted already.
  if (written || present == value) {
    hindrances_.erase(key);
    return true;
  }
  if (!present.empty())
    hindrances_[key] = "net.ipv4." + name + " cannot be set here: " + errno_name(written.error().code);
  return false;
}

std::string Stage::kernel_setting(Who who, const std::string& name) {
  std::string value;
  inside(who, [&] { value = read_file("/proc/sys/net/ipv4/" + name).value_or(""); });
  while (!value.empty() && value.back() == '\n') value.pop_back();
  std::ranges::replace(value, '\t', ' ');  // of several numbers
  return value;
}

std::int64_t Stage::risen(Who who, const std::string& counter) {
  const auto present = kernel::read_counters(network(who));
  return present ? present->value(counter) - counters_of_scene_[index(who)].value(counter) : 0;
}

std::vector<Stage::TableRow> Stage::table(Who who) {
  // The files are opened once. They keep showing this namespace, and each reading from the beginning is a new look.
  auto& files = tables_[index(who)];
  if (!files[0])
    inside(who, [&] {
      files[0] = Descriptor(::open("/proc/thread-self/net/tcp", O_RDONLY | O_CLOEXEC));
      files[1] = Descriptor(::open("/proc/thread-self/net/tcp6", O_RDONLY | O_CLOEXEC));
    });
  std::vector<TableRow> rows;
  for (const Descriptor& file : files) {
    std::istringstream lines(read_again(file.get()));
    for (std::string line; std::getline(lines, line);) {
      TableRow row;
      unsigned state = 0;
      // The state is the fourth field, the inode the tenth (net/ipv4/tcp_ipv4.c tcp4_seq_show).
      if (std::sscanf(line.c_str(), " %*d: %*[0-9A-F]:%X %*[0-9A-F]:%X %X %*s %*s %*s %*u %*u %lu", &row.local_port,
                      &row.remote_port, &state, &row.inode) != 4)
        continue;
      row.state = kernel::state_text(static_cast<std::uint8_t>(state));
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::map<Stage::Ports, std::string> Stage::held(Who who) {
  std::map<Ports, std::string> all;
  // Two looks: the kernel prints the table in pieces and can miss a row while others vanish (tcp_ipv4.c
  // tcp_seek_last_pos).
  for (int look = 0; look < 2; ++look)
    for (const TableRow& row : table(who))
      // The kernel clears the inode when the socket is closed (net/socket.c __sock_release).
      if (row.inode != 0)
        all[{static_cast<std::uint16_t>(row.local_port), static_cast<std::uint16_t>(row.remote_port)}] = row.state;
  return all;
}

std::vector<std::string> Stage::all_states(Who who, Ports ports) {
  const auto [local, remote] = ports;
  std::vector<std::string> found;
  for (const TableRow& row : table(who))
    if (row.local_port == local && (remote == 0 || row.remote_port == remote)) found.push_back(row.state);
  std::ranges::sort(found);
  return found;
}

std::string Stage::states(Who who, std::uint16_t local_port, std::uint16_t remote_port) {
  std::vector<std::string> found = all_states(who, {local_port, remote_port});
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  std::string out;
  for (const std::string& each : found) out += (out.empty() ? "" : " ") + each;
  return out.empty() ? "none" : out;
}

std::size_t Stage::sockets_in(Who who, std::uint16_t local_port, const std::string& state) {
  return static_cast<std::size_t>(std::ranges::count(all_states(who, {local_port, 0}), state));
}

std::string Stage::await(Who who, Ports ports, const std::function<bool(const std::string&)>& enough) {
  std::string seen;
  std::string before;
  // Waits for two equal looks: one look can miss a row, as in held().
  process::eventually(
      [&] {
        before = std::exchange(seen, states(who, ports.first, ports.second));
        return seen == before && enough(seen);
      },
      kStagePatience, Duration(10));
  note(who, EventKind::state, "port " + std::to_string(ports.first) + ": " + seen);
  return seen;
}

std::string Stage::await_states(Who who, std::uint16_t local_port, const std::string& wanted) {
  return await(who, {local_port, 0}, [&](const std::string& seen) { return seen == wanted; });
}

std::string Stage::await_settled(Who who, std::uint16_t local_port, std::uint16_t remote_port) {
  return await(who, {local_port, remote_port}, [](const std::string& seen) {
    return seen == "none" || seen == "LISTEN" || seen == "TIME_WAIT" || seen == "LISTEN TIME_WAIT";
  });
}

std::string Stage::await_none_in(Who who, std::uint16_t local_port, const std::string& state) {
  return await(who, {local_port, 0}, [&](const std::string& seen) { return seen.find(state) == std::string::npos; });
}

void Stage::end_scene() {
  if (scenes_.empty()) return;
  segments();
  const std::lock_guard lock(mutex_);
  Scene& scene = scenes_.back();
  ResetPackets resets;
  for (Taken& each : taken_) {
    const wire::Segment& segment = *each.segment;
    if (segment.rst) resets.emplace_back(scene.packets.size(), sender_of(segment));
    if (!segment.only_acknowledges())
      scene.events.push_back({.at = each.packet.at,
                              .who = sender_of(segment),
                              .kind = EventKind::segment,
                              .text = segment.text(),
                              .end = segment.fin,
                              .reset = segment.rst});
    scene.packets.push_back({.packet = std::move(each.packet)});
  }
  taken_.clear();
  std::ranges::stable_sort(scene.events, {}, &Event::at);
  comment_on(scene, resets);
}

Outcome Stage::finish(const Experiment& experiment) {
  end_scene();
  Outcome outcome{.experiment = &experiment, .medium = medium_, .rows = compare(experiment.table, medium_, seen_)};
  outcome.scenes = std::move(scenes_);
  outcome.measured = std::move(measured_);
  outcome.no_tracepoints = no_tracepoints_;
  outcome.measurement = std::move(measurement_);
  outcome.packets_lost = capture_.lost();
  const int hosts = server_network_ ? 2 : 1;
  for (int host = 0; host < hosts; ++host) {
    const Who who = host == 0 ? Who::client : Who::server;
    const auto present = kernel::read_counters(network(who));
    if (!present) continue;
    const kernel::Counters since = present->since(counters_at_start_[index(who)]);
    for (const auto& [name, value] : since.all()) {
      const bool ours = name.starts_with("TcpExt:") || name.starts_with("Tcp:");
      if (ours) outcome.counters[name] += value;
    }
  }
  return outcome;
}

}  // namespace lastbyte::lab
