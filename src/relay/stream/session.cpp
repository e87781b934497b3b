#include "relay/stream/session.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <string>
#include <utility>

#include "net/socket/socket.h"
#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/stream/kinds.h"

namespace lastbyte::relay {

using termination::Event;

namespace {

constexpr std::array kBoth{termination::Which::client, termination::Which::upstream};

termination::Session first_state(const Forwarding& forwarding, Welcome welcome) {
  const bool linger = forwarding.linger.mode != termination::LingerMode::off;
  return termination::new_session(
      linger, welcome == Welcome::serve ? termination::Greeting::none : termination::Greeting::awaited);
}

/// What a session may move in one round before the others have their turn (T12).
constexpr std::size_t kBudget = 4 * 1024 * 1024;

}  // namespace

Session::Session(Context& context, ListenerState& listener, Descriptor client, const net::Address& client_address,
                 std::uint64_t id)
    : context_(context),
      listener_(&listener),
      welcome_(welcome(*listener.forwarding, client_address)),
      state_(first_state(*listener.forwarding, welcome_)),
      client_address_(client_address),
      id_(id),
      started_(context.now),
      tries_began_(context.now),
      last_activity_(context.now),
      admitted_(welcome_ != Welcome::listen) {
  side(Which::client).socket = std::move(client);
  side(Which::client).kind = client_address.is_unix() ? net::Transport::unix_stream : net::Transport::tcp;
  side(Which::client).nodelay = true;  // the listener handed it down
  side(Which::client).writable = true;
  side(Which::upstream).kind = listener.forwarding->connect.transport;
  const bool to_tcp = side(Which::upstream).kind == net::Transport::tcp;
  side(Which::upstream).nodelay = !to_tcp || !listener.forwarding->upstream.socket.nodelay;
  settled_in_ = !to_tcp;
}

Session::~Session() { context_.wheel.cancel(*this); }

void Session::on_events(Which which, std::uint32_t events) {
  if (!side(which).socket) return;
  const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  Side& self = side(which);
  self.readable = self.readable || ended || (events & EPOLLIN) != 0;
  self.writable = self.writable || (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  self.hung_up = self.hung_up || ended;
  self.trouble = self.trouble || (events & EPOLLERR) != 0;
  self.fin_told = self.fin_told || tells_fin(self, events);
  if (self.in_flight > 0) look_for_received(which);  // each packet that its peer takes makes an edge of EPOLLOUT
  if ((events & EPOLLPRI) != 0) {
    // A lone urgent byte is no EPOLLIN before SO_OOBINLINE is set (net/ipv4/tcp.c tcp_poll).
    self.urgent = self.readable = true;
    self.urgent_passed_over = self.urgent_passed_over || !self.urgent_is_inline;
    self.carrier.bulk = false;
    keep_urgent_inline(self);
  }
  if (state_.side(Which::upstream).output == termination::Output::untried) {
    on_greeting_events(events);
  } else if (state_.side(Which::upstream).output == termination::Output::connecting) {
    which == Which::upstream ? on_connecting_events(events) : on_early_client_events(events);
  }
  progress();
  arm();
}

void Session::on_turn() {
  queued_for_turn_ = false;
  if (final()) return;
  hear_of_root();
  progress();
  arm();
}

void Session::on_stop() {
  apply(Event::stop, Which::client);
  armed_ = termination::Deadline::none;  // whatever is armed, the drain time now bounds it
  arm();
}

void Session::on_abort() {
  if (!final()) apply(Event::abort, Which::client);
}

void Session::apply(Event event, Which which) {
  const auto step = termination::step(state_, event, which);
  if (!step) {
    // A bug of this file, never of a peer: this session alone pays for it (T12).
    context_.shared.warn_seldom(context_.shared.bugs, context_.now, [&] {
      return "bug: event " + std::string(name(event)) + " of " + std::string(name(which)) +
             " is impossible in session " + std::to_string(id_) + "; the session was reset";
    });
    assert(false && "termination::step says impossible");
    if (event != Event::abort) apply(Event::abort, Which::client);
    return;
  }
  if (event == Event::reset || event == Event::vanished) failed_ = context_.now;
  state_ = step->session;
  for (const Which each : kBoth) {
    // Termination no longer owes what waited: its sink is gone.
    if (!state_.side(each).pending) drop_waiting(each);
  }
  for (const Which each : kBoth) carry_out(*step, each);
  if (!final()) return;
  ended_ = context_.now;
  awaited_.reset();
}

void Session::carry_out(const termination::Step& step, Which which) {
  const termination::Actions& actions = step.action(which);
  if (actions.linger) lingering_ = last_heard_ = context_.now;
  if (actions.send_fin) {
    Side& self = side(which);
    self.fin_sent = relay::send_fin(self);
    if (self.kind == net::Transport::udp) last_activity_ = context_.now;  // its silence counts from here
    // The connection is gone and the FIN with it (ENOTCONN): its error is still to be read.
    if (!self.fin_sent) {
      self.trouble = true;
      expect_end(self);
    }
  }
  if (actions.close || actions.reset) let_go(which, actions.reset);
}

/// Takes the last evidence and closes.
void Session::let_go(Which which, bool reset) {
  Side& self = side(which);
  if (!self.socket) return;
  if (state_.side(which).output == termination::Output::fin_acked) {
    self.unacknowledged = 0;
  } else {
    takes_bytes(which);
  }
  if (self.trouble && self.error == 0) self.error = net::take_error(self.socket.get());
  if (self.kind == net::Transport::unix_stream) self.peer = net::peer_credentials(self.socket.get());
  if (self.in_flight > 0) forget_in_flight(which);
  if (reset) {
    reset_and_close(self);
  } else {
    self.socket.close();
  }
  self.readable = self.writable = self.trouble = false;
}

void Session::latch(Which which, int error) {
  if (side(which).error == 0) side(which).error = error;
  side(which).reset_told = side(which).reset_told || error == ECONNRESET;
}

void Session::progress() {
  budget_ = kBudget;
  waits_for_share_ = false;
  for (;;) {
    const termination::Session before = state_;
    // Answers before requests: a write may provoke the reset that throws away what an upstream has not sent yet (T5).
    pump(Which::upstream);
    pump(Which::client);
    for (const Which which : kBoth) end_unwanted_datagrams(which);
    for (const Which which : kBoth) report_trouble(which);
    for (const Which which : kBoth) check_ack(which);
    if (final() || state_ == before) break;
  }
  if (budget_ == 0 && !final()) take_turn();
}

void Session::take_turn() {
  if (!queued_for_turn_) context_.turns.push_back(this);
  queued_for_turn_ = true;
}

/// An error that no read will meet soon: the input has ended, or is not read while its sink is full. The peer of a
/// silent source learns of a dead sink at once (T5).
void Session::report_trouble(Which which) {
  Side& self = side(which);
  if (!self.trouble || !self.socket) return;
  const termination::Side& known = state_.side(which);
  if (known.output == termination::Output::connecting) return;
  // The read finds it, in the right order: bytes first, then the errno (net/ipv4/tcp.c tcp_recvmsg_locked).
  if (termination::reads(state_, which) && self.readable) return;
  self.trouble = false;
  const int error = net::take_error(self.socket.get());
  if (only_tells_size(self, error)) return;
  latch(which, error);
  const bool may_refuse = known.output == termination::Output::open || known.output == termination::Output::fin_sent;
  if (!may_refuse) return;
  apply(event_of_report(self.error, known.input == termination::Input::open), which);
}

void Session::check_ack(Which which) {
  if (!termination::awaits_ack(state_, which)) return;
  if (relay::unacknowledged(side(which)) == 0) {
    ack_poll_ = TimePoint{};
    ack_poll_interval_ = Duration{0};
    side(which).unacknowledged = 0;
    apply(Event::acked, which);
  } else if (takes_bytes(which)) {
    last_activity_ = context_.now;
  }
}

/// Looks at what the peer's kernel has yet to acknowledge. True: that has changed since the last look, so the peer is
/// slow but not idle.
bool Session::takes_bytes(Which which) {
  Side& self = side(which);
  if (!self.socket || self.sent == 0 || self.kind == net::Transport::udp) return false;
  std::uint64_t queued = relay::unacknowledged(self);
  // An unacknowledged FIN counts as one byte (net/ipv4/tcp.c tcp_ioctl).
  if (queued > 0 && self.fin_sent) --queued;
  self.unacknowledged = std::min(queued, self.sent);
  // What a UNIX peer has yet to read is no figure, but that it gets less shows that the peer reads.
  if (self.kind == net::Transport::unix_stream) queued = net::unacknowledged(self.socket.get());
  return std::exchange(self.queued, queued) != queued;
}

bool Session::stopped() const {
  return std::ranges::any_of(state_.sides, [](const auto& each) { return each.hold == termination::Hold::stopped; });
}

Record Session::record() const {
  Record record;
  record.id = id_;
  record.forwarding = listener_->name;
  record.listen = listener_->listen;
  record.one_of_many = listener_->forwarding->listen.count() > 1;
  record.duration = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
  record.started = std::chrono::system_clock::now() - record.duration;
  if (connected_ != TimePoint{})
    record.connect_duration = std::chrono::duration_cast<std::chrono::microseconds>(connected_ - started_);
  record.retries = attempts_.made > 0 ? attempts_.made - 1 : 0;
  record.verdict = termination::verdict(state_);
  for (const Which source : kBoth) {
    const Side& from = side(source);
    const Side& to = side(termination::other(source));
    SideRecord& out = record.sides[static_cast<std::size_t>(source)];
    out.error = from.error;
    out.peer = from.peer;
    // A header that we sent ahead of the client's bytes is not the client's.
    const std::uint64_t own = source == Which::client ? preface_sent() : 0;
    const std::uint64_t unacknowledged = std::min(to.unacknowledged, to.sent - own);
    out.flow = {.received = from.received,
                .delivered = to.sent - own - unacknowledged,
                .undelivered = from.discarded + from.dropped + unacknowledged,
                .discarded = from.discarded,
                .rescued = 0,
                .descriptors = from.descriptors};
  }
  for (const Which which : kBoth) {
    // What a side still said after it had refused something: others would have lost it. After a plain reset, nothing
    // was refused (T5).
    const bool refused = record.side(termination::other(which)).flow.undelivered > 0;
    if (!refused) continue;
    FlowRecord& flow = record.sides[static_cast<std::size_t>(which)].flow;
    // It was passed on last, and so what is not acknowledged is of it first.
    const std::uint64_t unacknowledged = flow.undelivered - side(which).discarded - side(which).dropped;
    flow.rescued = side(which).rescued - std::min(side(which).rescued, unacknowledged);
  }
  record.sides[0].address = client_address_;
  if (attempts_.made > 0) record.sides[1].address = listener_->upstream_for(client_address_)[attempts_.made - 1];
  if (greeting_) record.introduction = greeting_->introduction;
  return record;
}

}  // namespace lastbyte::relay
