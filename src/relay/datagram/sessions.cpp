// DatagramRelay: how datagram sessions begin and end, and their deadlines.
#include <algorithm>
#include <cerrno>

#include "base/memory.h"
#include "net/datagram/socket.h"
#include "relay/context/admission.h"
#include "relay/datagram/boxes.h"
#include "relay/datagram/relay.h"

namespace lastbyte::relay {
namespace {

/// The shortest interval between checks of the deadlines while sessions wait for answers that are owed.
constexpr Duration kLook{50};

/// Whether sessions wait for answers that are owed. Their deadlines are then not in the order of silence.
bool waits_for_answers(const DatagramGroup& group) { return group.stop || group.parted > 0; }

DatagramTimes times_of(const DatagramSession& session) {
  const DatagramGroup& group = *session.at.group;
  return {.limit = group.forwarding->limits.datagram_idle,
          .heard = session.heard,
          .answered = session.answered,
          .has_spoken = session.flows[static_cast<std::size_t>(termination::Which::upstream)].received > 0,
          .parted = session.parted,
          .stop = group.stop};
}

}  // namespace

DatagramRelay::DatagramRelay(Host host) : host_(std::move(host)), context_(host_.context) {}

DatagramRelay::~DatagramRelay() {
  context_.wheel.cancel(timer_);
  failed_.clear();
  const auto free = [](DatagramSession* session) { delete session; };
  sessions_.clear_and_dispose([&](DatagramSession* session) {
    session->at.group->table.remove(*session);
    free(session);
  });
  ended_.clear_and_dispose(free);
}

DatagramSession* DatagramRelay::session_for(DatagramSocket& at, std::size_t slot) {
  DatagramKey key{.ends = boxes_->in.ends(slot)};
  for (const DatagramSocket* each = &at; each != nullptr; each = each->before) {
    key.socket = each->number;
    auto* const known = static_cast<DatagramSession*>(each->group->table.find(key));
    if (known != nullptr && !known->parted) return known;
  }
  key.socket = at.number;
  return begin(at, key);
}

DatagramSession* DatagramRelay::begin(DatagramSocket& at, const DatagramKey& key) {
  DatagramGroup& group = *at.group;
  const net::Address client = key.ends.client_address();
  if (!group.takes_clients() || context_.now < no_clients_until_) return nullptr;
  // has_source() comes first: a session that cannot be made must not evict another one.
  if (!has_source(at, client) || !admit(at, client)) return nullptr;
  if (DatagramSession* session = make_session(at, key)) return session;
  context_.shared.release(*at.port->state->counts);
  release_admission(*at.port->state, client);
  return nullptr;
}

/// Null: the upstream socket could not be made, or memory is short.
DatagramSession* DatagramRelay::make_session(DatagramSocket& at, const DatagramKey& key) {
  DatagramGroup& group = *at.group;
  std::unique_ptr<DatagramSession> session;
  try {
    session = std::make_unique<DatagramSession>(key, at);
    if (!connect(*session)) return nullptr;
    group.table.add(*session, context_.now);
  } catch (const std::bad_alloc&) {
    if (session && session->way) leave_member(*session);
    pause_clients(group, [] { return "begin a session: " + errno_name(ENOMEM); });
    return nullptr;
  }
  backoff_.recovered();
  session->id = context_.shared.next_id.fetch_add(1, std::memory_order_relaxed);
  session->started = context_.now;
  session->largest_segment.fill(net::has_segmentation() ? net::kLargestDatagram : 0);
  sessions_.push_back(*session);
  host_.counters.add(Count::accepted);
  host_.counters.add(Count::open);
  at.port->state->figures->add(Family::begun);
  at.port->state->figures->enter(Phase::open);
  wake_at(context_.now + group.forwarding->limits.datagram_idle);
  if (context_.shared.events_wanted.load(std::memory_order_relaxed) ||
      context_.shared.records.wants_beginning(session->id)) {
    Record begun = record(*session, DatagramEnd::idle);
    enough_memory_for([&] { host_.began(begun); });
  }
  return session.release();
}

/// Whether a new client may have a session; if so, its place is taken.
bool DatagramRelay::admit(DatagramSocket& at, const net::Address& client) {
  const ListenerState& state = *at.port->state;
  const Admission admission = relay::admit(context_.shared, state, client, context_.now);
  relay::count(host_.counters, state, admission);
  if (admission != Admission::granted) return false;
  if (make_room(at)) return true;
  release_admission(state, client);
  report_refusal(*at.group, [] { return "the limit on sessions (max-sessions) is reached"; });
  return false;
}

bool DatagramRelay::make_room(DatagramSocket& at) {
  DatagramGroup& group = *at.group;
  const auto& limit = group.forwarding->max_sessions;
  ForwardingCounts& sessions = *at.port->state->counts;
  if (context_.shared.reserve(limit, sessions)) return true;
  if (group.forwarding->when_full == WhenFull::refuse) return false;
  auto* oldest = static_cast<DatagramSession*>(group.table.longest_silent());
  if (oldest == nullptr) return false;  // all sessions belong to other workers
  forward(*oldest);
  finish(*oldest, DatagramEnd::evicted);
  return context_.shared.reserve(limit, sessions);
}

/// False: all sources that a session for `client` could use failed a moment ago. This saves a vain try for each
/// datagram of a new client.
bool DatagramRelay::has_source(const DatagramSocket& at, const net::Address& client) const {
  const RestingSources& resting = at.group->resting;
  const ListenerState& state = *at.port->state;
  if (resting.none() || state.group) return true;  // members may have sources of their own
  return std::ranges::any_of(state.upstream_addresses, [&](const net::Address& to) {
    for (std::size_t index = 0; index < state.source_count(to); ++index)
      if (!resting.rests(state.source(index, to, client), context_.now)) return true;
    return false;
  });
}

/// Makes an upstream socket. A source address that has no port left, or that this host does not have, is skipped (T13).
/// It then rests, for this forwarding only: another forwarding may still reach its upstream from it (T12).
Result<Descriptor> DatagramRelay::open_upstream(DatagramSocket& at, const net::Address& to, const net::Address& client,
                                                const MemberConnect* member) {
  ListenerState& state = *at.port->state;
  RestingSources& resting = at.group->resting;
  const std::size_t sources = state.source_count(to, member);
  if (sources == 0) return failure("connect from a source of that family", EAFNOSUPPORT);
  Result<Descriptor> made = failure("connect from a source that failed a moment ago", EADDRNOTAVAIL);
  for (std::size_t tried = 0; tried < sources; ++tried) {
    const net::Source source = *state.source_for(to, client, member);
    if (resting.rests(source, context_.now)) continue;
    made = net::connect_udp(to, source, state.options(member), state.upstream_inside.get());
    if (made) {
      if (!resting.none()) resting.recovered(source);
      return made;
    }
    if (!is_of_the_source(made.error().code)) return made;
    // A port that is in use may be free at any time, and asking for it is cheap.
    if (made.error().code == EADDRNOTAVAIL) resting.failed(source, context_.now);
  }
  return made;
}

/// Makes the upstream socket to the first address that the kernel has a route to.
bool DatagramRelay::connect(DatagramSession& session) {
  DatagramPort& port = *session.at.port;
  ListenerState& state = *port.state;
  if (state.group) {
    session.way = std::make_unique<DatagramWay>();
    session.way->view = state.group;
    session.way->listed->group = state.group->snapshot->group->name;
    auto made = connect_to_next(session);
    if (!made) leave_member(session);
    if (!made) connect_failed(*session.at.group, made.error());
    return made.has_value();
  }
  const std::size_t addresses = state.upstream_addresses.size();
  for (std::size_t tried = 0; tried < addresses; ++tried) {
    session.upstream_address = (port.preferred + tried) % addresses;
    auto made = open_upstream(session.at, state.upstream_addresses[session.upstream_address],
                              session.key.ends.client_address());
    if (made) {
      session.to = state.upstream_addresses[session.upstream_address];
      session.upstream = std::move(*made);
      const int error = context_.epoll.add(session.upstream.get(), EPOLLIN, Tag::of(&session, TagKind::datagrams_out));
      if (error == 0) return true;
      made = Failure(Error{"epoll_ctl", error});
    }
    if (tried + 1 == addresses || is_shortage(made.error().code)) {
      connect_failed(*session.at.group, made.error());
      return false;
    }
  }
  return false;
}

/// A shortage of descriptors or memory affects the whole process. Any other error concerns only the forwarding (T12).
void DatagramRelay::connect_failed(DatagramGroup& group, const Error& error) {
  const auto why = [&] { return error.text(); };
  is_shortage(error.code) ? pause_clients(group, why) : report_refusal(group, why);
}

/// Turns away new clients of all forwardings for a while, so that each of their datagrams does not cost a vain try.
template <typename Words>
void DatagramRelay::pause_clients(DatagramGroup& group, const Words& why) {
  no_clients_until_ = context_.now + backoff_.next();
  host_.counters.add(Count::accept_pauses);
  const auto words = [&] {
    return "no new sessions on " + group.forwarding->name + ": " + why() +
           "; sessions go on, datagrams of new clients are dropped";
  };
  host_.report_shortage(std::cref(words));  // no copy, which might take memory
}

template <typename Words>
void DatagramRelay::report_refusal(DatagramGroup& group, const Words& why) {
  context_.shared.warn_limited(group.ports.front()->state->counts->refusals, context_.now, [&] {
    return "datagrams of new clients are dropped on " + group.forwarding->name + ": " + why();
  });
}

void DatagramRelay::finish(DatagramSession& session, DatagramEnd end) {
  send_out();  // sending completes the session's figures
  host_.leaves(session);
  sessions_.erase(sessions_.iterator_to(session));
  ended_.push_front(session);
  const ListenerState& state = *session.at.port->state;
  session.at.group->table.remove(session);
  any_over_ = any_over_ || !session.at.group->takes_clients();
  session.ended = true;
  leave_group(session, end);
  session.upstream.close();
  context_.shared.release_process();
  if (session.parted) {
    --session.at.group->parted;
  } else {
    context_.shared.release_forwarding(*state.counts);
    release_admission(state, session.key.ends.client_address());
  }
  host_.counters.add(Count::ended);
  host_.counters.subtract(Count::open);
  if (end == DatagramEnd::stopped) host_.counters.add(Count::stopped);
  state.figures->leave(Phase::open);
  const Record ended = record(session, end);
  state.figures->ended(ended);
  host_.file(ended);
}

Record DatagramRelay::record(const DatagramSession& session, DatagramEnd end) const {
  const ListenerState& state = *session.at.port->state;
  Record record;
  record.id = session.id;
  record.forwarding = state.name;
  record.listen = state.listen;
  record.one_of_many = state.forwarding->listen.count() > 1;
  record.duration = std::chrono::duration_cast<std::chrono::microseconds>(context_.now - session.started);
  record.started = std::chrono::system_clock::now() - record.duration;
  record.sides[0].address = session.key.ends.client_address();
  record.sides[1].address = session.to;
  record.sides[1].error = session.error;
  if (session.way) record.tries = session.way->listed;
  record.evidence = DatagramRecord{.end = end, .flows = session.flows};
  return record;
}

bool DatagramRelay::idle() const {
  return std::ranges::all_of(groups_, [](const auto& group) { return group->table.empty(); });
}

/// Groups that still take clients go first: the datagrams that they read may belong to sessions of earlier settings.
void DatagramRelay::drain(TimePoint at) {
  for (const bool reads : {true, false})
    for (const auto& group : groups_)
      if (group->takes_clients() == reads) retire(*group, {context_.now, at});
}

void DatagramRelay::retire(DatagramGroup& group, const DatagramStop& stop) {
  if (group.stop && group.stop->by <= stop.by) return;
  for (const auto& port : group.ports)
    for (const auto& socket : port->sockets)
      if (socket->watched) stop_hearing(*socket);
  group.stop = DatagramStop{group.stop ? group.stop->asked : stop.asked, stop.by};
  any_over_ = true;
  expire(group);
  wake_at(next_deadline(group));
}

void DatagramRelay::abort() {
  drain(context_.now);
  for (const auto& group : groups_) {
    group->table.for_each(
        [&](DatagramEntry& entry) { finish(static_cast<DatagramSession&>(entry), DatagramEnd::stopped); });
  }
}

void DatagramRelay::on_timer() {
  TimePoint next = TimePoint::max();
  for (const auto& group : groups_) {
    if (group->takes_clients()) {
      for (const auto& port : group->ports)
        for (const auto& socket : port->sockets)
          if (!socket->watched) watch(*socket);
    }
    expire(*group);
    next = std::min(next, next_deadline(*group));
  }
  wake_at(next);
}

void DatagramRelay::wake_at(TimePoint at) {
  if (at == TimePoint::max()) return;
  const std::uint64_t tick = context_.tick(at);
  if (!timer_.is_set() || tick < timer_.due) context_.wheel.set(timer_, tick);
}

void DatagramRelay::heard_upstream(DatagramSession& session) {
  session.answered = true;
  // This is the only case in which a deadline moves earlier: no answer is owed any more.
  if (waits_for_answers(*session.at.group)) wake_at(deadline(times_of(session)));
}

TimePoint DatagramRelay::next_deadline(DatagramGroup& group) {
  const auto* silent = static_cast<const DatagramSession*>(group.table.longest_silent());
  if (silent == nullptr) return TimePoint::max();
  if (!waits_for_answers(group)) return deadline(times_of(*silent));
  TimePoint next = TimePoint::max();
  group.table.for_each([&](DatagramEntry& entry) {
    next = std::min(next, deadline(times_of(static_cast<const DatagramSession&>(entry))));
  });
  return std::max(next, context_.now + kLook);
}

void DatagramRelay::expire(DatagramGroup& group) {
  const auto ends = [&](DatagramEntry& entry) {
    auto& session = static_cast<DatagramSession&>(entry);
    const DatagramTimes times = times_of(session);
    if (context_.now < deadline(times)) return false;
    finish(session, end_by_time(times, context_.now));
    return true;
  };
  if (waits_for_answers(group)) return group.table.for_each([&](DatagramEntry& entry) { ends(entry); });
  for (auto* silent = group.table.longest_silent(); silent != nullptr; silent = group.table.longest_silent())
    if (!ends(*silent)) return;
}

}  // namespace lastbyte::relay
