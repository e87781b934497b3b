#include "check/report/diagram.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "base/overloaded.h"
#include "page/sequence.h"
#include "peers/script.h"

namespace lastbyte::check {
namespace {

using page::ArrowKind;
using peers::Action;
using peers::Await;
using peers::Close;
using peers::CloseUnread;
using peers::ExpectError;
using peers::ExpectFin;
using peers::ExpectQuiet;
using peers::ExpectReset;
using peers::Fill;
using peers::Flood;
using peers::Flush;
using peers::parse_script;
using peers::print;
using peers::Read;
using peers::Receive;
using peers::Repeat;
using peers::Reset;
using peers::Send;
using peers::Shutdown;
using peers::Signal;
using peers::Sleep;
using peers::Step;
using peers::Together;
using peers::Vanish;

/// The participants, in the order of the diagram.
constexpr std::size_t kClient = 0;
constexpr std::size_t kProxy = 1;
constexpr std::size_t kServer = 2;

constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max() / 2;
/// A block that repeats more often than this is drawn as one line.
constexpr std::uint32_t kDrawnOneByOne = 2;

/// The content of one line: actions that run at once, or a block that is repeated often.
struct Move {
  std::vector<Action> actions;
  std::uint32_t times = 1;
};

void flatten(const std::vector<Step>& steps, std::vector<Move>& out) {
  for (const Step& step : steps) {
    if (const auto* together = std::get_if<Together>(&step)) {
      out.push_back({together->actions, 1});
      continue;
    }
    const Repeat& repeat = std::get<Repeat>(step);
    if (repeat.times <= kDrawnOneByOne) {
      for (std::uint32_t i = 0; i < repeat.times; ++i) flatten(repeat.steps, out);
      continue;
    }
    std::vector<Move> inner;
    flatten(repeat.steps, inner);
    Move all{{}, repeat.times};
    for (const Move& each : inner) all.actions.insert(all.actions.end(), each.actions.begin(), each.actions.end());
    out.push_back(std::move(all));
  }
}

struct Side {
  std::size_t place = kClient;  ///< its column in the diagram
  std::vector<Move> moves;
  std::size_t at = 0;
  bool begun = false;  ///< the arrows of the move's sends are drawn
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  bool fin_sent = false;
  bool gone = false;

  [[nodiscard]] bool ended() const { return fin_sent || gone; }
};

class Drawing {
 public:
  explicit Drawing(const Scenario& scenario) {
    client_ = side(kClient, scenario.client);
    server_ = side(kServer, scenario.server);
    sequence_.participants = {{"C", "client"}, {"P", "proxy"}, {"S", "server"}};
    switch (scenario.upstream) {
      case Upstream::listening: break;
      case Upstream::slow_to_hear: note(server_, "cannot be reached yet"); break;
      case Upstream::silent: nobody("never answers a SYN"); break;
      case Upstream::absent: nobody("nobody listens"); break;
    }
    fails_ = scenario.client_wants.ending == Ending::failure;
  }

  page::Sequence draw() {
    while (true) {
      const bool moved = go_on(client_, server_);
      if (go_on(server_, client_) || moved) continue;
      if (fails_) note(client_, "must learn of the failure");
      return sequence_;
    }
  }

 private:
  static Side side(std::size_t place, std::string_view text) {
    Side side;
    side.place = place;
    if (const auto script = parse_script(text)) flatten(script->steps, side.moves);
    return side;
  }

  /// The server is missing: the client's data ends at the proxy.
  void nobody(const char* why) {
    note(server_, why);
    server_.place = kProxy;
    server_.gone = true;
  }

  bool go_on(Side& me, Side& other) {
    bool moved = false;
    while (me.at < me.moves.size()) {
      const Move& move = me.moves[me.at];
      if (!me.begun) begin(me, other, move);
      moved = moved || !me.begun;
      me.begun = true;
      if (!std::ranges::all_of(move.actions, [&](const Action& each) { return over(me, other, each, move.times); }))
        return moved;
      finish(me, other, move);
      ++me.at;
      me.begun = false;
      moved = true;
    }
    const bool to_fail = fails_ && &me == &client_;
    if (!me.ended() && !me.moves.empty() && !to_fail) arrow(me, other, ArrowKind::end, "FIN"), me.fin_sent = true;
    return moved;
  }

  void begin(Side& me, const Side& other, const Move& move) {
    const std::string times = move.times == 1 ? "" : std::to_string(move.times) + " times ";
    for (const Action& action : move.actions) {
      std::visit(
          Overloaded{
              [&](const Send& send) {
                arrow(me, other, ArrowKind::data, times + print(action).substr(5));
                me.sent += send.bytes * move.times;
              },
              [&](const Flood&) {
                arrow(me, other, ArrowKind::data, "more and more data");
                me.sent = kEndless;
              },
              [&](const Fill& fill) {
                arrow(me, other, ArrowKind::data, "up to " + print(Action(Send{fill.bytes, {}})).substr(5));
                me.sent += fill.bytes;
              },
              [&](const Sleep& sleep) {
                if (move.times == 1) note(me, "waits " + print(Action(sleep)).substr(6));
              },
              [&](const ExpectQuiet& quiet) { note(me, "receives nothing for " + print(Action(quiet)).substr(13)); },
              [&](const Vanish&) { note(me, "its host vanishes"); },
              [&](const Signal& signal) {
                ++flags_[signal.name];
                if (signal.name == "up") note_proxy("is asked to stop");
              },
              [](const auto&) {},
          },
          action);
    }
  }

  /// Returns whether the action has nothing more to wait for.
  bool over(const Side& me, const Side& other, const Action& action, std::uint32_t times) {
    return std::visit(
        Overloaded{
            [&](const Receive& recv) { return other.sent >= me.received + recv.bytes * times || other.ended(); },
            [&](const Read&) { return other.ended(); },
            [&](const ExpectFin&) { return other.ended(); },
            [&](const ExpectReset&) { return other.ended(); },
            [&](const ExpectError&) { return true; },
            [&](const CloseUnread&) { return other.sent > 0; },
            [&](const Await& await) { return await.name == "stopped" || flags_[await.name] > 0; },
            [](const auto&) { return true; },
        },
        action);
  }

  void finish(Side& me, Side& other, const Move& move) {
    for (const Action& action : move.actions) {
      std::visit(Overloaded{
                     [&](const Receive& recv) { me.received += recv.bytes * move.times; },
                     [&](const Flush&) { note(me, "everything is acknowledged"); },
                     [&](const Shutdown&) { arrow(me, other, ArrowKind::end, "FIN"), me.fin_sent = true; },
                     [&](const Close&) {
                       if (!me.fin_sent) arrow(me, other, ArrowKind::end, "FIN");
                       me.fin_sent = me.gone = true;
                     },
                     [&](const CloseUnread&) {
                       arrow(me, other, ArrowKind::reset, "RST, closed with unread input"), me.gone = true;
                     },
                     [&](const Reset&) { arrow(me, other, ArrowKind::reset, "RST"), me.gone = true; },
                     [&](const ExpectReset&) { note(me, "must see the reset"), me.gone = true; },
                     [&](const ExpectError&) { note(me, "must learn of the failure"), me.gone = true; },
                     [&](const ExpectFin&) { note(me, "must see the FIN"); },
                     [&](const Read&) { note(me, "reads to the end"); },
                     [](const auto&) {},
                 },
                 action);
    }
  }

  void arrow(const Side& from, const Side& to, ArrowKind kind, const std::string& text) {
    sequence_.events.emplace_back(page::Arrow{from.place, to.place, kind, text});
  }
  void note(const Side& who, const std::string& text) { sequence_.events.emplace_back(page::Note{who.place, text}); }
  void note_proxy(const std::string& text) { sequence_.events.emplace_back(page::Note{kProxy, text}); }

  page::Sequence sequence_;
  Side client_;
  Side server_;
  std::map<std::string, unsigned> flags_;
  bool fails_ = false;  ///< the client must learn of a failure
};

}  // namespace

std::string sequence_diagram(const Scenario& scenario) { return page::mermaid(Drawing(scenario).draw()); }

}  // namespace lastbyte::check
