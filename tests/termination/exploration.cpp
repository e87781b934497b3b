#include "tests/termination/exploration.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lastbyte::termination::test {
namespace {

/// All fields of a world as bytes: worlds with equal keys are the same world.
std::string key(const World& world) {
  std::string bytes;
  const auto add = [&bytes](auto value) { bytes.push_back(static_cast<char>(value)); };
  for (const Which which : kBoth) {
    const Side& side = world.session.side(which);
    add(side.input), add(side.output), add(side.hold), add(side.pending);
    const Peer& peer = world.peer(which);
    add(peer.tried), add(peer.unasked), add(peer.queued), add(peer.connected), add(peer.rejected),
        add(peer.unreachable), add(peer.ended);
    add(peer.refused), add(peer.lost), add(peer.waiting), add(peer.fin_sent), add(peer.fin_acked);
    add(peer.lingering), add(peer.gone);
    add(peer.end ? static_cast<int>(*peer.end) : -1);
  }
  const Session& session = world.session;
  add(session.linger), add(session.draining), add(session.first), add(session.first_side), add(session.limit);
  add(world.stopping), add(world.first), add(world.first_side), add(world.limit);
  return bytes;
}

void note_first(World& world, First what, Which side) {
  if (world.first != First::none) return;
  world.first = what;
  world.first_side = side;
}

void observe_event(World& world, Event event, Which side, Deadline armed) {
  Peer& self = world.peer(side);
  switch (event) {
    case Event::greeted: world.peer(other(side)).tried = true; return;
    case Event::rejected: self.rejected = true; return note_first(world, First::rejected, side);
    case Event::held_back: self.unasked = true; return;
    case Event::asked: self.unasked = false; return;
    case Event::queued: self.queued = true; return;
    case Event::dequeued: self.queued = false; return;
    case Event::connected: self.connected = true; return;
    case Event::connect_failed: self.unreachable = true; return note_first(world, First::unreachable, side);
    case Event::pending: self.waiting = true; return;
    case Event::drained: self.waiting = false; return;
    case Event::fin: self.ended = Ended::fin; return note_first(world, First::fin, side);
    case Event::reset: self.ended = Ended::reset; return note_first(world, First::reset, side);
    case Event::fin_aborts: self.ended = Ended::aborted; return note_first(world, First::fin, side);
    case Event::vanished: self.ended = Ended::vanished; return note_first(world, First::vanished, side);
    case Event::refused: self.refused = true; return note_first(world, First::refused, side);
    case Event::broke: self.refused = true; return note_first(world, First::reset, side);
    case Event::lost: self.refused = self.lost = true; return note_first(world, First::vanished, side);
    case Event::acked: self.fin_acked = self.fin_acked || self.fin_sent; return;
    case Event::deadline: world.limit = armed; return note_first(world, First::limit, Which::client);
    case Event::stop: world.stopping = true; return note_first(world, First::stop, Which::client);
    case Event::abort:
      if (world.stopping) world.limit = Deadline::drain;
      return note_first(world, First::stop, Which::client);
    case Event::abandon: return note_first(world, First::abandoned, Which::client);
  }
}

/// How the record must tell of a side that was let go of just now (T11).
End end_of(const World& world, Which which, Event event, Deadline armed) {
  const Peer& peer = world.peer(which);
  if (peer.ended == Ended::reset) return End::reset;
  if (peer.ended == Ended::aborted) return End::aborted;
  // Known, though the bytes before it were never read to their end.
  const bool reset_first = world.first == First::reset && world.first_side == which;
  if (peer.ended == Ended::no && peer.refused && reset_first) return End::reset;
  if (peer.ended == Ended::vanished || peer.lost) return End::vanished;
  if (peer.unreachable) return End::unreachable;
  if (!peer.tried || peer.unasked) return End::untried;
  if (peer.rejected) return End::rejected;
  if (event == Event::abandon) return End::abandoned;
  if (event == Event::abort || (event == Event::deadline && armed == Deadline::drain)) return End::stopped;
  if (event == Event::deadline && armed != Deadline::reset_flush) return End::limit;
  if (peer.gone == Gone::reset) return End::passed_on;
  if (peer.ended == Ended::no) return End::left;
  return peer.refused ? End::refused : End::fin;
}

World observe(const World& before, Event event, Which side, Deadline armed, const Step& step) {
  World world = before;
  world.session = step.session;
  observe_event(world, event, side, armed);
  for (const Which which : kBoth) {
    Peer& peer = world.peer(which);
    const Actions& actions = step.action(which);
    peer.fin_sent = peer.fin_sent || actions.send_fin;
    peer.lingering = peer.lingering || actions.linger;
    if (actions.close || actions.reset) {
      peer.gone = actions.reset ? Gone::reset : Gone::closed;
      if (!peer.end) peer.end = end_of(world, which, event, armed);
    }
  }
  for (const Which which : kBoth) {
    if (takes_nothing(world.peer(other(which)))) world.peer(which).waiting = false;
  }
  return world;
}

}  // namespace

World new_world(bool linger, Which connecting, Greeting greeting) {
  World world;
  world.session = new_session(linger, greeting);
  if (connecting == Which::client) std::swap(world.session.sides[0], world.session.sides[1]);
  world.peer(connecting).connected = false;
  world.peer(connecting).tried = greeting == Greeting::none;
  return world;
}

Session swapped(const Session& session) {
  Session result = session;
  std::swap(result.sides[0], result.sides[1]);
  switch (session.first) {
    case First::none:
    case First::limit:
    case First::stop:
    case First::abandoned: break;
    case First::fin:
    case First::reset:
    case First::vanished:
    case First::refused:
    case First::unreachable:
    case First::rejected: result.first_side = other(session.first_side); break;
  }
  return result;
}

bool failed(const Peer& peer) {
  return peer.ended == Ended::reset || peer.ended == Ended::vanished || peer.ended == Ended::aborted ||
         peer.unreachable || peer.rejected;
}

bool takes_nothing(const Peer& peer) { return peer.refused || failed(peer) || peer.gone != Gone::no; }

bool owes_reset(const World& world, Which sink) {
  return failed(world.peer(other(sink))) && !takes_nothing(world.peer(sink)) && !world.peer(sink).fin_sent;
}

bool expects_reads(const World& world, Which which) {
  const Peer& self = world.peer(which);
  const Peer& sink = world.peer(other(which));
  if (self.gone != Gone::no || self.ended != Ended::no || !self.connected) return false;
  return takes_nothing(sink) || (sink.connected && !self.waiting);
}

bool expects_ack(const World& world, Which which) {
  const Peer& self = world.peer(which);
  if (takes_nothing(self)) return false;
  if (self.fin_sent) return !self.fin_acked && self.ended != Ended::no;
  return owes_reset(world, which) && !world.peer(other(which)).waiting;
}

Deadline expects_deadline(const World& world) {
  if (over(world)) return Deadline::none;
  bool untouched = true;
  for (const Which which : kBoth) {
    const Peer& peer = world.peer(which);
    untouched = untouched && peer.ended == Ended::no && !peer.refused && !peer.fin_sent && peer.gone == Gone::no;
    if (peer.gone != Gone::no) continue;
    if (!peer.tried) return Deadline::proxy_header;
    if (peer.unasked) return Deadline::first_byte;
    if (peer.queued) return Deadline::queue;
    if (!peer.connected) return Deadline::connect;
    if (owes_reset(world, which)) return Deadline::reset_flush;
    if (peer.lingering && peer.ended == Ended::no) return Deadline::linger;
  }
  if (world.stopping) return Deadline::drain;
  return untouched ? Deadline::idle : Deadline::half_close;
}

bool over(const World& world) {
  return std::ranges::all_of(world.peers, [](const Peer& peer) { return peer.gone != Gone::no; });
}

Exploration::Exploration(Machine machine) : machine_(std::move(machine)) {
  std::unordered_map<std::string, std::size_t> known;
  const auto find_or_add = [&](const World& world, std::optional<std::size_t> reached_by) {
    const auto [at, is_new] = known.try_emplace(key(world), worlds_.size());
    if (is_new) {
      worlds_.push_back(world);
      reached_by_.push_back(reached_by);
    }
    return at->second;
  };

  for (const Which connecting : {Which::upstream, Which::client})
    for (const Greeting greeting : {Greeting::none, Greeting::awaited})
      for (const bool linger : {true, false}) find_or_add(new_world(linger, connecting, greeting), std::nullopt);

  for (std::size_t from = 0; from < worlds_.size(); ++from) {
    const World before = worlds_[from];
    const Deadline armed = machine_.deadline(before.session);
    for (const Event event : kEvents) {
      for (const Which side : kBoth) {
        const std::optional<Step> step = machine_.step(before.session, event, side);
        if (!step) continue;
        const std::size_t to = find_or_add(observe(before, event, side, armed, *step), transitions_.size());
        transitions_.push_back({from, event, side, *step, to});
      }
    }
  }
}

std::string Exploration::transcript(std::size_t world) const {
  if (const auto by = reached_by_[world]) return transcript(transitions_[*by]);
  const Session& start = worlds_[world].session;
  return fmt::format("    new session, linger {}: {}\n", start.linger ? "on" : "off", text(start));
}

std::string Exploration::transcript(const Transition& transition) const {
  std::string lines = transcript(transition.from);
  const std::string side = session_wide(transition.event) ? "" : " " + std::string(name(transition.side));
  const std::string actions = text(transition.step.actions);
  lines += fmt::format("    >> {}{}\n", name(transition.event), side);
  if (!actions.empty()) lines += fmt::format("    << {}\n", actions);
  return lines + fmt::format("       {}\n", text(transition.step.session));
}

std::string text(const Session& session) {
  std::string line;
  for (const Which which : kBoth) {
    const Side& side = session.side(which);
    line += fmt::format("{} {}/{}{}{}; ", name(which), name(side.input), name(side.output),
                        side.hold == Hold::held ? "" : "/" + std::string(name(side.hold)),
                        side.pending ? " (bytes wait)" : "");
  }
  return line + fmt::format("deadline {}, first {}", name(deadline(session)), name(session.first));
}

std::string text(const std::array<Actions, 2>& actions) {
  std::string line;
  const auto add = [&line](bool wanted, std::string_view word, Which which) {
    if (wanted) line += fmt::format("{}{} {}", line.empty() ? "" : ", ", word, name(which));
  };
  for (const Which which : kBoth) {
    const Actions& of_side = actions[static_cast<std::size_t>(which)];
    add(of_side.send_fin, "send_fin", which);
    add(of_side.linger, "linger", which);
    add(of_side.close, "close", which);
    add(of_side.reset, "reset", which);
  }
  return line;
}

}  // namespace lastbyte::termination::test
