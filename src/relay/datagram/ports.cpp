// DatagramRelay: which sockets are served, under which settings, from one serve() to the next.
#include <algorithm>
#include <random>
#include <unordered_set>
#include <utility>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "relay/context/admission.h"
#include "relay/context/listening_sockets.h"
#include "relay/datagram/boxes.h"
#include "relay/datagram/relay.h"

namespace lastbyte::relay {
namespace {

/// The pause before a socket that could not be watched is tried again.
constexpr Duration kTryAgain{1000};

/// One seed for the whole process: asking for randomness takes tens of microseconds on some machines (RDSEED), and
/// there may be thousands of groups.
std::uint64_t secret_seed() {
  static const std::uint64_t kSeed = [] {
    std::random_device source;
    return static_cast<std::uint64_t>(source()) << 32U | source();
  }();
  return kSeed;
}

bool is_as_before(const DatagramPort& port, const Listening& listening) {
  return is_state_of(*port.state, listening) &&
         std::ranges::equal(port.sockets, listening.sockets,
                            [](const auto& mine, const auto& named) { return mine->socket == named; });
}

/// The ports of the first forwarding. Ports of one forwarding are adjacent.
std::span<Listening> ports_of_first(std::span<Listening> listenings) {
  const auto end = std::ranges::find_if(
      listenings, [&](const Listening& each) { return each.forwarding != listenings.front().forwarding; });
  return {listenings.begin(), end};
}

}  // namespace

void DatagramRelay::serve(std::vector<Listening> listenings, unsigned worker) {
  const Known known = known_sockets();
  std::unordered_set<const DatagramGroup*> kept;
  std::vector<std::unique_ptr<DatagramGroup>> fresh;
  for (std::span<Listening> rest(listenings); !rest.empty();) {
    const std::span<Listening> ports = ports_of_first(rest);
    rest = rest.subspan(ports.size());
    if (const DatagramGroup* group = group_of(ports, known)) {
      kept.insert(group);
    } else {
      fresh.push_back(make_group(ports, worker));
    }
  }
  Known served;
  const auto serves = [&](const DatagramGroup& group) {
    for (const auto& port : group.ports)
      for (const auto& socket : port->sockets) served.emplace(socket->socket.get(), socket.get());
  };
  for (const DatagramGroup* group : kept) serves(*group);
  for (const auto& group : fresh) serves(*group);
  const ByAddress leaving = leaving_sockets(known, served);
  groups_.reserve(groups_.size() + fresh.size());  // nothing after this may throw
  for (const auto& group : fresh) take_over(*group, known, leaving);
  for (const auto& group : groups_) {
    if (group->takes_clients() && !kept.contains(group.get())) supersede(*group, served);
    if (group->superseded) part(*group, served);
  }
  std::ranges::move(fresh, std::back_inserter(groups_));
}

/// The sockets that take clients, by descriptor.
DatagramRelay::Known DatagramRelay::known_sockets() const {
  Known known;
  for (const auto& group : groups_) {
    if (!group->takes_clients()) continue;
    for (const auto& port : group->ports)
      for (const auto& socket : port->sockets) known.emplace(socket->socket.get(), socket.get());
  }
  return known;
}

/// Our own sockets that took clients and are no longer served.
DatagramRelay::ByAddress DatagramRelay::leaving_sockets(const Known& known, const Known& served) {
  ByAddress leaving;
  for (const auto& [descriptor, socket] : known)
    if (!served.contains(descriptor) && !socket->borrowed)
      leaving.emplace(net::local_address(descriptor->get()), socket);
  return leaving;
}

/// The group that serves exactly these ports already; nullptr: none.
DatagramGroup* DatagramRelay::group_of(std::span<const Listening> ports, const Known& known) {
  if (ports.front().sockets.empty()) return nullptr;
  const auto first = known.find(ports.front().sockets.front().get());
  if (first == known.end()) return nullptr;
  DatagramGroup* const group = first->second->group;
  const bool same = std::ranges::equal(
      group->ports, ports, [](const auto& mine, const Listening& named) { return is_as_before(*mine, named); });
  return same ? group : nullptr;
}

std::unique_ptr<DatagramGroup> DatagramRelay::make_group(std::span<Listening> ports, unsigned worker) {
  if (!boxes_) boxes_ = std::make_unique<Boxes>();
  touched_.reserve(net::DatagramInbox::kSlots);
  auto group = std::make_unique<DatagramGroup>(secret_seed());
  group->forwarding = ports.front().forwarding;
  for (Listening& listening : ports) {
    auto port = std::make_unique<DatagramPort>();
    for (auto& socket : listening.sockets) {
      auto entry = std::make_unique<DatagramSocket>();
      entry->socket = std::move(socket);
      entry->port = port.get();
      entry->group = group.get();
      entry->number = sockets_made_++;
      entry->borrowed = port->sockets.size() < listening.borrowed;
      port->sockets.push_back(std::move(entry));
    }
    port->state = make_state(std::move(listening), worker);
    group->ports.push_back(std::move(port));
  }
  return group;
}

/// Makes the group take the clients of its sockets from now on.
void DatagramRelay::take_over(DatagramGroup& group, const Known& known, const ByAddress& leaving) {
  for (const auto& port : group.ports) {
    for (const auto& socket : port->sockets) {
      const auto same = known.find(socket->socket.get());
      if (same != known.end()) {
        socket->before = same->second;
        if (same->second->watched) context_.epoll.remove(socket->socket->get());
        same->second->watched = false;
      } else if (!leaving.empty()) {
        const auto successor_of = leaving.find(net::local_address(socket->socket->get()));
        if (successor_of != leaving.end()) adopt(*socket, *successor_of->second);
      }
      watch(*socket);
    }
  }
}

/// Lets `socket` succeed `before`, because the new settings opened a new socket on the same address. The kernel
/// delivers a client's datagrams to the same worker as before: both generations have as many sockets, in the same
/// order, chosen by the same hash (net/core/sock_reuseport.c reuseport_select_sock). So the client's session is found
/// here, and answers through the new socket.
void DatagramRelay::adopt(DatagramSocket& socket, DatagramSocket& before) {
  if (before.watched) stop_hearing(before);
  flush();
  const std::shared_ptr<const Descriptor> old = before.socket;
  for (DatagramSocket* each = &before; each != nullptr && each->socket == old; each = each->before)
    each->socket = socket.socket;
  socket.before = &before;
}

/// Makes the group take no more clients, except those whose datagrams are in the queues of closing sockets.
void DatagramRelay::supersede(DatagramGroup& group, const Known& served) {
  for (const auto& port : group.ports)
    for (const auto& socket : port->sockets)
      if (socket->watched && !served.contains(socket->socket.get())) stop_hearing(*socket);
  group.superseded = true;
  any_over_ = true;
}

/// Parts sessions from their clients if their socket is no longer served, or leads elsewhere. Otherwise a client that
/// never pauses would stay for ever with an upstream that is gone.
void DatagramRelay::part(DatagramGroup& group, const Known& served) {
  const auto stays = [&](const DatagramSession& session) {
    const auto now_at = served.find(session.at.socket.get());
    if (now_at == served.end()) return false;
    const ListenerState& before = *session.at.port->state;
    const ListenerState& now = *now_at->second->port->state;
    if (now.upstream_inside != before.upstream_inside) return false;
    if (now.group) return is_member(session, *now.group->snapshot);
    return std::ranges::find(now.upstream_addresses, session.to) != now.upstream_addresses.end();
  };
  group.table.for_each([&](DatagramEntry& entry) {
    auto& session = static_cast<DatagramSession&>(entry);
    if (!session.parted && !stays(session)) part(session);
  });
  if (group.parted > 0) wake_at(next_deadline(group));
}

void DatagramRelay::part(DatagramSession& session) {
  session.parted = context_.now;
  ++session.at.group->parted;
  const ListenerState& state = *session.at.port->state;
  context_.shared.release_forwarding(*state.counts);
  release_admission(state, session.key.ends.client_address());
}

void DatagramRelay::watch(DatagramSocket& socket) {
  // This is level-triggered: epoll reports the remaining datagrams again after the other sockets have had their turn
  // (T12).
  const int error = context_.epoll.add(socket.socket->get(), EPOLLIN, Tag::of(&socket, TagKind::datagrams_in));
  socket.watched = error == 0;
  if (socket.watched) return;
  const auto words = [&] {
    return "no datagrams are taken on " + socket.group->forwarding->name + ": epoll_ctl: " + errno_name(error);
  };
  host_.report_shortage(std::cref(words));
  wake_at(context_.now + kTryAgain);
}

/// Stops new datagrams from arriving at the socket, and serves those in its queue.
void DatagramRelay::stop_hearing(DatagramSocket& socket) {
  context_.epoll.remove(socket.socket->get());
  socket.watched = false;
  // A borrowed socket must continue to receive: its datagrams wait for the next owner. Our own socket is read to its
  // end first, because no other process can do that (T15).
  if (socket.borrowed || !net::deafen(socket.socket->get())) return;
  while (receive_from_clients(socket)) {
  }
}

void DatagramRelay::bury_groups() {
  if (!std::exchange(any_over_, false)) return;
  const auto is_over = [](const DatagramGroup& group) { return !group.takes_clients() && group.table.empty(); };
  for (const auto& group : groups_)
    for (const auto& port : group->ports)
      for (const auto& socket : port->sockets)
        while (socket->before != nullptr && is_over(*socket->before->group)) socket->before = socket->before->before;
  std::erase_if(groups_, [&](const auto& group) { return is_over(*group); });
}

void DatagramRelay::for_each_session(const std::function<void(ListenerState&, const net::Address& client)>& visit) {
  for (const auto& group : groups_) {
    group->table.for_each([&](const DatagramEntry& entry) {
      const auto& session = static_cast<const DatagramSession&>(entry);
      if (!session.parted) visit(*session.at.port->state, entry.key.ends.client_address());
    });
  }
}

SessionView DatagramRelay::view(const DatagramSession& session, std::chrono::system_clock::time_point today) const {
  const auto since = [this](TimePoint at) {
    return std::chrono::duration_cast<std::chrono::microseconds>(context_.now - at);
  };
  const ListenerState& state = *session.at.port->state;
  SessionView view;
  view.id = session.id;
  view.forwarding = state.name;
  view.listen = state.listen;
  view.datagrams = true;
  view.client = session.key.ends.client_address();
  view.upstream = session.to;
  if (session.way && session.way->member) view.member = session.way->view->snapshot->members[*session.way->member].name;
  view.age = since(session.started);
  view.started = today - view.age;
  view.idle = since(session.heard);
  view.deadline = termination::Deadline::idle;
  view.fires_in = state.forwarding->limits.datagram_idle - view.idle;
  for (std::size_t source = 0; source < 2; ++source) {
    view.flows[source].received = session.flows[source].received_bytes;
    view.flows[source].sent = session.flows[source].received_bytes - session.flows[source].dropped_bytes;
  }
  return view;
}

}  // namespace lastbyte::relay
