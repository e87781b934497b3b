// Session: connecting to a member of its group (T3), and later changes of the group. GroupReach decides; this file
// carries out.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Deadline;
using termination::Event;
using termination::Output;
using upstream::Move;
using upstream::Observation;

/// Carries out the next moves until the only move left is to wait.
void Session::pursue() {
  if (std::exchange(pursues_, true)) return;  // called because a try failed at once; the loop below continues
  GroupReach& way = *reach_.group();
  for (bool waits = false; !waits && !final();) {
    const Move move = way.next();
    const bool queued = state_.side(Which::upstream).output == Output::queued;
    if (queued != way.queues()) apply(queued ? Event::dequeued : Event::queued, Which::upstream);
    switch (move.what) {
      case Move::What::connect: begin_try(move); break;
      case Move::What::wait:
      case Move::What::queue: waits = true; break;
      case Move::What::give_up:
        if (move.full) {
          // The queue is full, so the session's time in it is over at once. The members are healthy; the operator's
          // limit ends the session.
          apply(Event::queued, Which::upstream);
          apply(Event::deadline, Which::client);
          break;
        }
        side(Which::upstream).latch(EHOSTUNREACH);  // no member could even be tried
        apply(Event::connect_failed, Which::upstream);
        break;
    }
  }
  pursues_ = false;
}

void Session::begin_try(const Move& move) {
  GroupReach& way = *reach_.group();
  Side& self = side(Which::upstream);
  const net::Address& to = way.address(move.address);
  if (!way.own) way.last = to;
  auto connecting = start_connecting(to);
  if (!connecting && connecting.error().code == EINPROGRESS) {
    way.begun(move.address);
    way.own = move.address;
    return wait_for_root();
  }
  if (!connecting) {
    const int error = connecting.error().code;
    self.error = error;  // the last try's error, not the first one's
    const bool backlog_is_full = error == EAGAIN && self.kind == net::Transport::unix_stream;
    return way.failed(move.address, error, backlog_is_full);
  }
  way.begun(move.address);
  if (way.own) return add_rival(std::move(*connecting), move.address);
  way.own = move.address;
  way.replaced_in = context_.round;
  if (!take_connection(std::move(*connecting))) own_failed(self.error);
}

/// Handles the failure of the session's own attempt. Rivals continue, though the upstream side has no socket.
void Session::own_failed(int error) {
  GroupReach& way = *reach_.group();
  Side& self = side(Which::upstream);
  self.error = 0;
  self.latch(error);
  note_failed_try(self);
  self.socket.close();
  self.ready.closed();
  awaited_.reset();
  if (const auto own = std::exchange(way.own, std::nullopt))
    way.failed(*own, error, error == EAGAIN && self.kind == net::Transport::unix_stream);
  pursue();
}

void Session::add_rival(net::Connecting connecting, std::uint32_t address) {
  GroupReach& way = *reach_.group();
  auto rival = std::make_unique<Rival>();
  rival->session = this;
  rival->side.kind = side(Which::upstream).kind;
  rival->side.socket = std::move(connecting.socket);
  rival->address = address;
  const int fd = rival->side.socket.get();
  if (const int error = context_.epoll.add(fd, kWatchedEvents, Tag::of(rival.get(), TagKind::rival)); error != 0)
    return way.failed(address, error);
  way.rivals.push_back(std::move(rival));
  if (connecting.connected) promote(*way.rivals.back(), 0);
}

void Session::on_rival(Rival& rival, std::uint32_t events) {
  GroupReach& way = *reach_.group();
  const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
  const int error = failed ? transport::take_error(rival.side) : 0;
  if (failed && error != ECONNRESET && error != EPIPE) {
    const std::uint32_t address = rival.address;
    const auto at = std::ranges::find(way.rivals, &rival, &std::unique_ptr<Rival>::get);
    note_failed_try(rival.side);
    context_.leftovers->discard(at->release());
    way.rivals.erase(at);
    Side& self = side(Which::upstream);
    self.error = error;
    way.failed(address, error);
    pursue();
  } else if (failed || (events & EPOLLOUT) != 0) {
    promote(rival, error);
  }
  progress();
  arm();
}

/// Makes the rival the session's upstream, because it connected first. `error`: it was reset before we looked (T4).
void Session::promote(Rival& rival, int error) {
  GroupReach& way = *reach_.group();
  Side& self = side(Which::upstream);
  lose_own();
  const auto at = std::ranges::find(way.rivals, &rival, &std::unique_ptr<Rival>::get);
  self.socket = std::move(rival.side.socket);
  self.ready = {};
  self.error = 0;
  early_ = 0;
  way.replaced_in = context_.round;
  way.own = rival.address;
  way.last = way.address(rival.address);
  context_.leftovers->discard(at->release());
  way.rivals.erase(at);
  if (const int refused = context_.epoll.change(self.socket.get(), kWatchedEvents, Tag::of(this, TagKind::upstream));
      refused != 0)
    return own_failed(refused);
  error != 0 ? connected(error) : connection_made();
}

/// Gives up the session's own attempt, which was slower. It may be connected by now, with an unread banner in its
/// queue.
void Session::lose_own() {
  Side& self = side(Which::upstream);
  if (!self.socket) return;
  auto lost = std::make_unique<Rival>();
  lost->side.kind = self.kind;
  const int error = context_.epoll.change(self.socket.get(), kWatchedEvents, Tag::of(lost.get(), TagKind::rival));
  lost->side.socket = std::move(self.socket);
  if (error == 0) return context_.leftovers->take(lost.release(), listener_->forwarding->linger);
  context_.leftovers->discard(lost.release());
}

void Session::tries_overdue() {
  GroupReach& way = *reach_.group();
  for (const std::uint32_t address : way.overdue()) {
    if (way.own == address) {
      Side& self = side(Which::upstream);
      self.error = 0;
      self.latch(ETIMEDOUT);
      self.socket.close();
      self.ready.closed();
      awaited_.reset();
      way.own.reset();
    } else {
      const auto at = std::ranges::find(way.rivals, address, [](const auto& each) { return each->address; });
      if (at == way.rivals.end()) continue;
      side(Which::upstream).error = ETIMEDOUT;
      context_.leftovers->discard(at->release());
      way.rivals.erase(at);
    }
    way.failed(address, ETIMEDOUT);
  }
  pursue();
}

/// Called when the upstream side is connected: gives up the rivals.
void Session::member_connected() {
  GroupReach& way = *reach_.group();
  way.connected(*way.own);
  while (!way.rivals.empty()) {
    context_.leftovers->take(way.rivals.back().release(), listener_->forwarding->linger);
    way.rivals.pop_back();
  }
}

bool Session::on_room() {
  GroupReach& way = *reach_.group();
  way.room();
  pursue();
  progress();
  arm();
  return final() || !way.queues();
}

void Session::on_group(const upstream::Snapshot& newest) {
  GroupReach& way = *reach_.group();
  switch (way.standing(newest)) {
    case GroupReach::Standing::stays: way.drains_at.reset(); return;
    case GroupReach::Standing::down: return abandon(Abandoned::member_down);
    case GroupReach::Standing::lost:
      if (way.drains_at) return;
      way.drains_at = context_.now + newest.group->names.drain_age;
      armed_ = Deadline::none;
      return arm();
  }
}

/// What the session's end says about its member; nullopt: nothing. Precondition: final().
std::optional<Observation::What> Session::observation() const {
  const termination::Verdict verdict = termination::verdict(state_);
  const termination::End end = verdict.end(Which::upstream);
  const bool answered = side(Which::upstream).ledger.received > 0;
  const bool failed = end == termination::End::reset || end == termination::End::vanished;
  if (failed && !answered) return Observation::What::early_reset;
  const FlowRecord asked = flow_record(side(Which::client).ledger, side(Which::upstream).ledger);
  if (failed && asked.undelivered > 0) return Observation::What::reset_unread;
  const bool silent = verdict.limit == Deadline::idle || verdict.limit == Deadline::half_close;
  if (silent && !answered) return Observation::What::timeout;
  return answered || end == termination::End::fin ? std::optional(Observation::What::success) : std::nullopt;
}

/// Reports to the group how the session ended, and leaves the group.
void Session::part_from_group() {
  GroupReach& way = *reach_.group();
  if (const auto what = observation()) way.observe(*what);
  way.end();
}

}  // namespace lastbyte::relay
