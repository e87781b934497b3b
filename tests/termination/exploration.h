// Everything that can happen to a session, told twice: once by the machine under test, and once by an observer who
// believes only events and actions. The properties compare the two, so that a machine that deceives itself is caught.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "termination/transition.h"
#include "termination/verdict.h"

namespace lastbyte::termination::test {

inline constexpr std::array kBoth{Which::client, Which::upstream};
inline constexpr std::array kEvents{
    Event::greeted,   Event::rejected,       Event::held_back, Event::asked,   Event::queued, Event::dequeued,
    Event::connected, Event::connect_failed, Event::pending,   Event::drained, Event::fin,    Event::fin_aborts,
    Event::reset,     Event::vanished,       Event::refused,   Event::broke,   Event::lost,   Event::acked,
    Event::deadline,  Event::stop,           Event::abort,     Event::abandon};

/// These ignore the side.
constexpr bool session_wide(Event event) {
  return event == Event::deadline || event == Event::stop || event == Event::abort || event == Event::abandon;
}

/// The public functions of the room. A mutant replaces one or two of them.
struct Machine {
  std::function<std::optional<Step>(const Session&, Event, Which)> step = &termination::step;
  std::function<bool(const Session&)> final = &termination::final;
  std::function<bool(const Session&, Which)> reads = &termination::reads;
  std::function<bool(const Session&, Which)> discards = &termination::discards;
  std::function<bool(const Session&, Which)> awaits_ack = &termination::awaits_ack;
  std::function<bool(const Session&, Which)> lingers = &termination::lingers;
  std::function<Deadline(const Session&)> deadline = &termination::deadline;
  std::function<Verdict(const Session&)> verdict = &termination::verdict;
};

enum class Ended : std::uint8_t { no, fin, reset, vanished, aborted };
enum class Gone : std::uint8_t { no, closed, reset };

/// One side as the observer knows it.
struct Peer {
  bool tried = true;
  bool unasked = false;
  bool queued = false;
  bool connected = true;
  bool rejected = false;
  bool unreachable = false;
  Ended ended = Ended::no;
  bool refused = false;  ///< what was still sent to it failed
  bool lost = false;     ///< so, because it had vanished
  bool waiting = false;  ///< bytes read from it wait for the other side
  bool fin_sent = false;
  bool fin_acked = false;
  bool lingering = false;
  Gone gone = Gone::no;
  std::optional<End> end = std::nullopt;  ///< how the record must tell it, once gone

  friend constexpr bool operator==(const Peer&, const Peer&) = default;
};

struct World {
  Session session;
  std::array<Peer, 2> peers{};
  bool stopping = false;
  First first = First::none;
  Which first_side = Which::client;
  Deadline limit = Deadline::none;

  Peer& peer(Which which) { return peers[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const Peer& peer(Which which) const { return peers[static_cast<std::size_t>(which)]; }
};

/// A session as it begins; `connecting` is the side that is not yet connected, or not even tried.
World new_world(bool linger, Which connecting, Greeting greeting);

/// The same world with client and upstream exchanged. The side of `first` is exchanged where it means something.
Session swapped(const Session& session);

// What the observer expects, derived from events and actions alone.
bool failed(const Peer& peer);
bool takes_nothing(const Peer& peer);
bool owes_reset(const World& world, Which sink);  ///< its source has failed and it was not yet told (T4)
bool expects_reads(const World& world, Which which);
bool expects_ack(const World& world, Which which);
Deadline expects_deadline(const World& world);
bool over(const World& world);

struct Transition {
  std::size_t from = 0;
  Event event{};
  Which side{};
  Step step;
  std::size_t to = 0;
};

class Exploration {
 public:
  /// All worlds that can be reached from new sessions, with every event tried on every side of each.
  explicit Exploration(Machine machine);

  [[nodiscard]] const Machine& machine() const { return machine_; }
  [[nodiscard]] const std::vector<World>& worlds() const { return worlds_; }
  [[nodiscard]] const std::vector<Transition>& transitions() const { return transitions_; }

  /// The shortest way there, as lines of events and actions, and the session's state at its end.
  [[nodiscard]] std::string transcript(std::size_t world) const;
  [[nodiscard]] std::string transcript(const Transition& transition) const;

 private:
  Machine machine_;
  std::vector<World> worlds_;
  std::vector<Transition> transitions_;
  std::vector<std::optional<std::size_t>> reached_by_;  ///< per world, the transition that found it first
};

std::string text(const Session& session);
/// "send_fin upstream, close client"; "" for none.
std::string text(const std::array<Actions, 2>& actions);

}  // namespace lastbyte::termination::test
