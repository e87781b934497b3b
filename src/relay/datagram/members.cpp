// DatagramRelay: choosing the member of its group for a session, and the next one after an upstream that never
// answered.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/memory.h"
#include "net/address/mapped.h"
#include "relay/context/listening_sockets.h"
#include "relay/datagram/relay.h"
#include "upstream/address_order.h"
#include "upstream/maglev.h"

namespace lastbyte::relay {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using upstream::Choice;
using upstream::Observation;

namespace {

std::uint64_t source_hash_of(const net::Address& client) { return upstream::source_hash(net::unmapped(client)); }

const upstream::SnapshotMember& member_of(const DatagramWay& way) { return way.view->snapshot->members[*way.member]; }

}  // namespace

/// Whether the session's member is still in the group and still has the session's address.
bool DatagramRelay::is_member(const DatagramSession& session, const upstream::Snapshot& snapshot) {
  if (!session.way || !session.way->member) return false;
  const auto now =
      std::ranges::find(snapshot.members, member_of(*session.way).figures, &upstream::SnapshotMember::figures);
  if (now == snapshot.members.end()) return false;
  const auto& addresses = upstream::addresses_of(*now, session.way->view->port);
  return std::ranges::find(addresses, session.to) != addresses.end();
}

/// Chooses a member that was not tried yet. False: there is none.
bool DatagramRelay::next_member(DatagramSession& session) {
  DatagramWay& way = *session.way;
  ListenerState& state = *session.at.port->state;
  leave_member(session);
  const Choice choice =
      state.balance.choose(*way.view->snapshot, {.now = context_.now,
                                                 .port = way.view->port,
                                                 .random = context_.random(),
                                                 .source = source_hash_of(session.key.ends.client_address()),
                                                 .tried = way.tried});
  if (choice.what != Choice::What::member) return false;
  way.member = choice.member;
  way.tried.push_back(choice.member);
  way.order = upstream::order_of(way.view->addresses(choice.member),
                                 member_of(way).figures->preferred.load(std::memory_order_relaxed));
  way.next = 0;
  return true;
}

/// Makes the upstream socket to the next address that the kernel has a route to.
Result<void> DatagramRelay::connect_to_next(DatagramSession& session) {
  DatagramWay& way = *session.way;
  Result<void> failed = failure("choose a member of the group", EHOSTUNREACH, "none is up and has room");
  for (;;) {
    if (!way.member || way.next == way.order.size()) {
      if (!next_member(session)) return failed;
      continue;
    }
    const std::uint32_t address = way.order[way.next++];
    session.to = way.view->addresses(*way.member)[address];
    auto made =
        open_upstream(session.at, session.to, session.key.ends.client_address(), way.view->connects[*way.member].get());
    if (made) {
      session.upstream = std::move(*made);
      const int error = context_.epoll.add(session.upstream.get(), EPOLLIN, Tag::of(&session, TagKind::datagrams_out));
      if (error == 0) {
        way.began = context_.now;
        member_of(way).figures->began.fetch_add(1, std::memory_order_relaxed);
        return {};
      }
      made = Failure(Error{"epoll_ctl", error});
    }
    list_try(session, TryEnd::failed, made.error().code);
    failed = Failure(made.error());
    if (is_shortage(made.error().code)) return failed;
  }
}

/// Moves the session to the next address, or to another member, if its upstream refused and has never answered. False:
/// this does not apply, all were tried, or there is no group.
bool DatagramRelay::go_on_to_next(DatagramSession& session, int error) {
  if (!session.way || error != ECONNREFUSED || session.flow(Which::upstream).received > 0 || session.ended)
    return false;
  list_try(session, TryEnd::failed, error);
  pass_over_address(session);
  tell(session, Observation::What::connect_failure);
  member_of(*session.way).figures->failed.fetch_add(1, std::memory_order_relaxed);
  Descriptor before = std::move(session.upstream);
  if (!connect_to_next(session)) {
    session.upstream = std::move(before);
    upstream_failed(session, error);
    return false;
  }
  session.tuned = false;
  return true;
}

/// Makes sessions of all workers begin with the member's next address from now on.
void DatagramRelay::pass_over_address(DatagramSession& session) {
  const DatagramWay& way = *session.way;
  if (!way.member) return;
  const auto& all = way.view->addresses(*way.member);
  const auto at = std::ranges::find(all, session.to);
  if (all.size() < 2 || at == all.end()) return;
  const auto next = at + 1 == all.end() ? all.begin() : at + 1;
  member_of(way).figures->preferred.store(upstream::address_mark(*next), std::memory_order_relaxed);
}

void DatagramRelay::leave_member(DatagramSession& session) {
  DatagramWay& way = *session.way;
  if (!way.member) return;
  upstream::give_back(member_of(way));
  way.member.reset();
  enough_memory_for([&] { context_.shared.queues.room(way.view->snapshot->id); });
}

/// Reports how the session ended, and leaves its member.
void DatagramRelay::leave_group(DatagramSession& session, DatagramEnd end) {
  if (!session.way || !session.way->member) return;
  const bool answered = session.flow(Which::upstream).received > 0;
  if (answered) {
    tell(session, Observation::What::success);
  } else if (end == DatagramEnd::failed || end == DatagramEnd::idle) {
    pass_over_address(session);
    tell(session, end == DatagramEnd::failed ? Observation::What::connect_failure : Observation::What::timeout);
  }
  list_try(session, session.error == 0 ? TryEnd::connected : TryEnd::failed, session.error);
  leave_member(session);
}

void DatagramRelay::tell(const DatagramSession& session, Observation::What what) {
  const upstream::Snapshot& snapshot = *session.way->view->snapshot;
  if (!context_.shared.observe || (what == Observation::What::success && !snapshot.group->ejection)) return;
  context_.shared.observe(
      {.group = snapshot.id, .generation = snapshot.generation, .member = *session.way->member, .what = what});
}

void DatagramRelay::list_try(DatagramSession& session, TryEnd end, int error) {
  DatagramWay& way = *session.way;
  if (!way.member) return;
  const TimePoint began = way.began == TimePoint{} ? context_.now : way.began;
  const TimePoint started = session.started == TimePoint{} ? began : session.started;
  enough_memory_for([&] {
    way.listed->all.push_back({.member = member_of(way).name,
                               .address = session.to,
                               .began = duration_cast<microseconds>(began - started),
                               .took = duration_cast<microseconds>(context_.now - began),
                               .end = end,
                               .error = error});
  });
}

/// Takes new snapshots. Ends the sessions of a member that went down, if the group says so: a client's next datagram
/// begins another session.
void DatagramRelay::update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots) {
  for (const auto& group : groups_) {
    for (const auto& port : group->ports)
      for (const auto& snapshot : snapshots) take_snapshot(*port->state, snapshot);
    group->table.for_each([&](DatagramEntry& entry) {
      auto& session = static_cast<DatagramSession&>(entry);
      if (!session.way || !session.way->member) return;
      const auto& newest = session.at.port->state->group;
      if (!newest) return;
      const auto& figures = member_of(*session.way).figures;
      const auto& members = newest->snapshot->members;
      const auto now = std::ranges::find(members, figures, &upstream::SnapshotMember::figures);
      if (now == members.end()) return;
      const bool is_down = now->state == upstream::State::down || now->state == upstream::State::disabled;
      if (now->ends_sessions || (is_down && newest->snapshot->group->on_down == upstream::OnDown::reset))
        finish(session, DatagramEnd::superseded);
    });
  }
}

}  // namespace lastbyte::relay
