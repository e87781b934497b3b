#include "relay/stream/session.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <string>
#include <utility>

#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/side/transport.h"

namespace lastbyte::relay {

using termination::Event;
using termination::kBoth;
using termination::Output;

namespace {

termination::Session first_state(const Forwarding& forwarding, Welcome welcome) {
  const bool linger = forwarding.linger.mode != termination::LingerMode::off;
  return termination::new_session(
      linger, welcome == Welcome::serve ? termination::Greeting::none : termination::Greeting::awaited);
}

/// Maps a side's end to the cause of its reset; nullopt: such a side is never reset.
std::optional<ResetCause> reset_cause(termination::Hold why) {
  using termination::Hold;
  switch (why) {
    case Hold::passed_on: return ResetCause::passed_on;
    case Hold::rejected: return ResetCause::rejected;
    case Hold::limit: return ResetCause::limit;
    case Hold::stopped: return ResetCause::stopped;
    case Hold::abandoned: return ResetCause::abandoned;
    case Hold::aborted: return ResetCause::aborted;
    case Hold::held:
    case Hold::done:
    case Hold::unreachable: break;
  }
  return std::nullopt;
}

}  // namespace

Session::Session(Context& context, ListenerState& listener, Descriptor client, const net::Address& client_address,
                 std::uint64_t id)
    : context_(context),
      listener_(&listener),
      welcome_(welcome(*listener.forwarding, client_address)),
      client_address_(client_address),
      times_{.started = context.now, .activity = context.now},
      id_(id) {
  state_ = first_state(*listener.forwarding, welcome_);
  phase_ = phase_of(state_);
  listener_->figures->add(Family::begun);
  listener_->figures->enter(phase_);
  admitted_ = welcome_ != Welcome::listen;
  Side& from = side(Which::client);
  from.socket = std::move(client);
  from.kind = client_address.is_unix() ? net::Transport::unix_stream : net::Transport::tcp;
  from.quirks.nodelay = true;  // inherited from the listener
  from.ready.writable = true;
  Side& to = side(Which::upstream);
  to.kind = listener.forwarding->connect.transport;
  const bool to_tcp = to.kind == net::Transport::tcp;
  to.quirks.nodelay = !to_tcp || !listener.forwarding->upstream.socket.nodelay;
  has_long_lived_options_ = !to_tcp;
}

Session::~Session() { context_.wheel.cancel(*this); }

void Session::on_events(Which which, std::uint32_t events) {
  if (!side(which).socket) return;
  if (which == Which::upstream && reach_.group() != nullptr && reach_.group()->replaced_in == context_.round) return;
  transport::take_events(side(which), events);
  if (side(which).in_flight > 0)
    share().look(side(which));  // each packet that its peer receives raises an EPOLLOUT edge
  const auto is_early = [this] {
    const Output upstream = state_.side(Which::upstream).output;
    return upstream == Output::untried || upstream == Output::unasked || upstream == Output::connecting ||
           upstream == Output::queued;
  };
  if (is_early()) which == Which::client ? on_early_client_events(events) : on_connecting_events(events);
  if (is_bulk()) {
    take_turn();
  } else if (!is_early() || side(which).ready.trouble || owes_ack_) {  // nothing moves before it is connected (T3)
    progress();
  }
  arm();
}

void Session::on_sent(const SendBatch::Settled& sent) {
  sends_ = false;
  act_on(flow(sent.source).settle(sent.bytes, sent.result, orders_for(state_, sent.source)), sent.source);
  if (!final()) go_on();
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
  if (on_trial()) {
    end_trial();
    if (final()) return;
  }
  apply(Event::stop, Which::client);
  armed_ = termination::Deadline::none;  // the drain time now bounds every armed deadline
  arm();
}

void Session::on_abort() {
  take_back_send();
  if (!final()) apply(Event::abort, Which::client);
}

void Session::on_no_memory() {
  take_back_send();
  abandon(Abandoned::no_memory);
}

/// Withdraws the send from the batch. The session ends before the kernel has seen that send, so its bytes are dropped.
void Session::take_back_send() {
  if (!sends_) return;
  for (const Which source : kBoth) side(source).ledger.dropped += context_.sends.forget(*this, source);
  sends_ = false;
}

/// Gives up the session although its peers did nothing wrong. The record says so, and does not blame an operator
/// either.
void Session::abandon(Abandoned why) {
  if (final()) return;
  abandoned_ = why;
  apply(Event::abandon, Which::client);
}

void Session::apply(Event event, Which which) {
  const auto step = termination::step(state_, event, which);
  if (!step) {
    // This is a bug in this class, never a peer's fault. Only this session suffers from it (T12).
    context_.shared.warn_limited(context_.shared.bugs, context_.now, [&] {
      return "bug: event " + std::string(name(event)) + " of " + std::string(name(which)) +
             " is impossible in session " + std::to_string(id_) + "; the session was reset";
    });
    assert(false && "termination::step says impossible");
    if (event != Event::abandon) abandon(Abandoned::bug);
    return;
  }
  if (event == Event::reset || event == Event::vanished || event == Event::fin_aborts) times_.failed = context_.now;
  assert(!(state_ == step->session) && "an event that is possible changes the state");
  const termination::Session before = std::exchange(state_, step->session);
  ++steps_;
  note(before, *step);
  for (const Which each : kBoth) {
    // Termination no longer owes the bytes that wait: their sink is gone.
    if (!state_.side(each).pending && holds_bytes(each)) flow(each).drop_waiting();
  }
  for (const Which each : kBoth)
    if (!(step->action(each) == termination::Actions{})) carry_out(*step, each, event == Event::acked && each == which);
  if (!final()) return;
  times_.ended = context_.now;
  awaited_.reset();
  if (reach_.group() != nullptr) part_from_group();
}

/// Notes what an operator sees of this change.
void Session::note(const termination::Session& before, const termination::Step& step) {
  if (context_.shared.keeps_trails && (!final() || context_.shared.events_wanted)) trail_.add(age(), before, step);
  if (before.first == termination::First::none && state_.first != termination::First::none)
    times_.closing = context_.now;
}

/// Moves the session to `phase` in the figures of open sessions.
void Session::show(Phase phase) {
  if (phase == phase_) return;
  listener_->figures->leave(phase_);
  listener_->figures->enter(phase);
  phase_ = phase;
}

void Session::account() {
  for (const Which source : kBoth) {
    const std::uint64_t received = side(source).ledger.received;
    std::uint64_t& accounted = accounted_[static_cast<std::size_t>(source)];
    if (received == accounted) continue;
    listener_->figures->add(Family::received_bytes, source, received - accounted);
    accounted = received;
  }
}

void Session::count_ended(const Record& record) {
  account();
  listener_->figures->leave(phase_);
  listener_->figures->ended(record);
}

void Session::carry_out(const termination::Step& step, Which which, bool all_acknowledged) {
  const termination::Actions& actions = step.action(which);
  if (actions.linger) times_.lingering = times_.heard = context_.now;
  if (actions.send_fin) {
    Side& self = side(which);
    self.fin_sent = self.fin_sent || transport::send_fin(self);
    times_.activity = context_.now;  // the peer's silence counts from here: before, it had nothing to answer
    // The connection is gone, and the FIN with it (ENOTCONN).
    if (!self.fin_sent) {
      self.ready.trouble = true;
      transport::expect_end(self);
    }
  }
  if (actions.close || actions.reset) release(which, actions.reset, all_acknowledged);
}

/// Collects the last evidence and closes the socket. `all_acknowledged`: a look a moment ago found no unacknowledged
/// byte.
void Session::release(Which which, bool reset, bool all_acknowledged) {
  Side& self = side(which);
  if (!self.socket) return;
  if (all_acknowledged || state_.side(which).output == Output::fin_acked) {
    self.ledger.unacknowledged = 0;
  } else {
    transport::takes_bytes(self);
  }
  if (self.ready.trouble && self.error == 0) self.error = transport::take_error(self);
  self.peer = transport::credentials(self);
  if (self.in_flight > 0) share().forget(self);
  const bool bad = ends_badly(which, reset);
  const bool told = bad && has_told_of_reset(self);
  const SocketName socket = bad && !told ? name_of_bad_end(self) : SocketName();
  if (reset) {
    if (const auto cause = reset_cause(state_.side(which).hold)) listener_->figures->sent_reset(which, *cause);
    transport::reset_and_close(self);
  } else {
    self.socket.close();
  }
  self.ready.closed();
  if (told) keep_bad_end(which, {.by = ResetBy::peer}, {});
  if (socket.cookie != 0) note_bad_end(which, socket, reset);
}

void Session::progress() {
  if (sends_) return;
  budget_ = context_.shared.round_budget;
  waits_for_share_ = false;
  go_on();
}

/// Moves bytes and reports findings until nothing changes any more, or until a batched send must be settled first.
void Session::go_on() {
  for (;;) {
    const std::uint16_t before = steps_;
    // The upstream's answers go first: writing a request may provoke a reset, and the upstream then loses what it has
    // not sent yet (T5).
    for (const Which source : {Which::upstream, Which::client}) {
      if (has_work(source)) pump(source);
      if (sends_) return;
    }
    end_unwanted_datagrams();
    for (const Which which : kBoth)
      if (side(which).ready.trouble) report_trouble(which);
    for (const Which which : kBoth)
      if (termination::awaits_ack(state_, which)) check_ack(which);
    if (final() || steps_ == before) break;
  }
  if (owes_ack_) conclude_handshake();
  if (budget_ < context_.shared.round_budget) account();  // bytes were read
  if (budget_ == 0 && !final()) take_turn();
}

void Session::take_turn() {
  if (!queued_for_turn_) context_.turns.push_back(this);
  queued_for_turn_ = true;
}

Share Session::share() { return {context_.shared.in_flight, sides_, waits_for_share_, context_.now}; }

Flow Session::flow(Which source) {
  Preface* preface = source == Which::client && greeting_ ? &greeting_->preface : nullptr;
  return {side(source),
          side(termination::other(source)),
          Movers{*context_.buffer, context_.blocks, context_.pipes, context_.sends},
          budget_,
          preface,
          share()};
}

/// Moves the flow out of `source` until there is nothing to read, the sink is full, the flow ends, or the budget is
/// used up.
void Session::pump(Which source) {
  Flow moving = flow(source);
  while (act_on(moving.step(orders_for(state_, source)), source) && has_work(source)) {
  }
  moving.rest();
}

/// Implements `late-fin: abort`. The last FIN of a session does not abort anything: nothing is left to cut off.
Event Session::meaning_of(Event end, Which source) const {
  const bool aborts = end == Event::fin && source == Which::client &&
                      listener_->forwarding->late_fin == LateFin::abort &&
                      termination::side_state::input_is_open(state_, Which::upstream);
  return aborts ? Event::fin_aborts : end;
}

/// True: there may be more to do.
bool Session::act_on(const Finding& finding, Which source) {
  if (finding.active) times_.activity = context_.now;
  if (source == Which::upstream && times_.answered == TimePoint{} && side(source).ledger.received > 0)
    times_.answered = context_.now;
  if (finding.heard) times_.heard = context_.now;
  switch (finding.what) {
    case Finding::What::idle: return false;
    case Finding::What::moved: return true;
    case Finding::What::submitted:
      sends_ = true;
      context_.sends.add(*this, source, side(termination::other(source)).socket.get(), finding.bytes);
      return false;
    case Finding::What::waits: apply(Event::pending, source); return false;
    case Finding::What::drained: apply(Event::drained, source); return true;
    case Finding::What::ended: apply(meaning_of(finding.event, source), source); return false;
    case Finding::What::sink_failed: apply(finding.event, termination::other(source)); return true;
    case Finding::What::stranded:
      context_.shared.warn_limited(context_.shared.lost_descriptors, context_.now, [&] {
        return "session " + std::to_string(id_) + " on " + *listener_->name + ": file descriptors could not be " +
               std::string(finding.stranded_when) + " (" + errno_name(finding.error) +
               ": too many are open or in transit, or it is forbidden); both sides were reset";
      });
      apply(finding.event, source);
      return false;
  }
  return false;
}

/// Reports an error that no read will meet soon, because the input has ended or is not read while its sink is full. So
/// the peer of a silent source learns of a dead sink at once (T5).
void Session::report_trouble(Which which) {
  Side& self = side(which);
  if (!self.socket) return;
  const termination::Side& known = state_.side(which);
  if (known.output == Output::connecting || known.output == Output::queued || known.output == Output::unasked) return;
  // The read finds the error in the right order: bytes first, then the errno (net/ipv4/tcp.c tcp_recvmsg_locked).
  if (termination::reads(state_, which) && self.ready.readable) return;
  self.ready.trouble = false;
  const int error = transport::take_error(self);
  if (transport::only_tells_size(self, error)) return;
  self.latch(error);
  const bool may_refuse = known.output == Output::open || known.output == Output::fin_sent;
  if (!may_refuse) return;
  apply(event_of_report(self.error, known.input == termination::Input::open), which);
}

void Session::check_ack(Which which) {
  if (transport::unacknowledged(side(which)) == 0) {
    ack_poll_.stop();
    side(which).ledger.unacknowledged = 0;
    apply(Event::acked, which);
  } else if (transport::takes_bytes(side(which))) {
    times_.activity = context_.now;
  }
}

/// Ends a UDP upstream whose datagrams nobody wants any more. Lingering serves peers that a close would reset, and a
/// close of a UDP socket resets nothing.
void Session::end_unwanted_datagrams() {
  if (side(Which::upstream).kind != net::Transport::udp) return;
  if (termination::reads(state_, Which::upstream) && termination::discards(state_, Which::upstream))
    apply(Event::fin, Which::upstream);
}

bool Session::stopped() const {
  return std::ranges::any_of(state_.sides, [](const auto& each) { return each.hold == termination::Hold::stopped; });
}

Record Session::record() const {
  return record_of({.id = id_,
                    .listener = *listener_,
                    .state = state_,
                    .abandoned = abandoned_,
                    .sides = sides_,
                    .bad_ends = bad_ends_.get(),
                    .times = times_,
                    .client = client_address_,
                    .upstream = reach_.choice(),
                    .retries = reach_.retries(),
                    .tries = reach_.group() == nullptr ? nullptr : reach_.group()->record(),
                    .introduction = greeting_ ? greeting_->introduction : nullptr},
                   Clock::now(), std::chrono::system_clock::now());
}

/// Checks, between two events, that the session agrees with termination about which sockets are held, whether bytes
/// wait, and which deadline is armed. All tests run with this check in builds that assert.
bool Session::agrees_with_state() const {
  for (const Which which : kBoth) {
    const termination::Side& known = state_.side(which);
    const bool has_socket = known.hold == termination::Hold::held && known.output != Output::untried &&
                            known.output != Output::unasked && known.output != Output::queued;
    const bool pauses = known.output == Output::connecting && (reach_.pauses() || awaited_ != nullptr);
    if (!pauses && static_cast<bool>(side(which).socket) != has_socket) return false;
    const bool waits = side(which).carrier.waiting() > 0 || (which == Which::client && has_preface());
    if (waits != known.pending) return false;
  }
  return armed_ == termination::deadline(state_) && is_set() == !final();
}

}  // namespace lastbyte::relay
