// Session: what is told of it: to an operator while it is open, and which end reset its connections, and why, as the
// kernel has noted (setting `trace`).
#include <cerrno>
#include <new>

#include "relay/context/context.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using termination::Output;

SessionView Session::view(Detail detail, std::chrono::system_clock::time_point today) {
  const TimePoint now = context_.now;
  const auto since = [now](TimePoint at) { return duration_cast<microseconds>(now - at); };
  SessionView view;
  view.id = id_;
  view.forwarding = listener_->name;
  view.listen = listener_->listen;
  view.phase = phase_of(state_);
  view.client = client_address_;
  if (const net::Address* upstream = reach_.choice()) view.upstream = *upstream;
  if (const GroupReach* group = reach_.group()) view.member = group->member();
  view.age = age();
  view.started = today - view.age;
  view.idle = since(std::max(times_.activity, times_.heard));
  const bool half_closed = view.phase != Phase::connecting && view.phase != Phase::open;
  if (half_closed && times_.closing != TimePoint{}) view.half_close_age = since(times_.closing);
  view.deadline = termination::deadline(state_);
  const TimePoint fires = std::min(passes_at(view.deadline, times_, bounds()), drain_at().value_or(TimePoint::max()));
  if (fires != TimePoint::max()) view.fires_in = duration_cast<microseconds>(fires - now);
  for (const Which source : termination::kBoth) {
    Side& from = side(source);
    Side& to = side(termination::other(source));
    if (detail != Detail::figures && to.socket) transport::takes_bytes(to);
    FlowView& flow = view.flows[static_cast<std::size_t>(source)];
    flow.state = flow_state(state_, source);
    flow.received = from.ledger.received;
    flow.sent = to.ledger.sent - std::min<std::uint64_t>(to.ledger.preface, to.ledger.sent);
    flow.waiting = from.carrier.waiting();
    flow.discarded = from.ledger.discarded;
    flow.unacknowledged = to.ledger.unacknowledged;
    if (detail == Detail::whole && from.socket && from.kind == net::Transport::tcp)
      view.sockets[static_cast<std::size_t>(source)] = net::tcp_info(from.socket.get());
  }
  if (detail == Detail::whole) view.trail = trail();
  return view;
}

std::vector<TrailEntry> Session::trail() const {
  std::vector<TrailEntry> entries;
  for (std::size_t index = 0; index < trail_.size(); ++index) entries.push_back(trail_[index]);
  return entries;
}

microseconds Session::age() const { return duration_cast<microseconds>(context_.now - times_.started); }

Record Session::beginning() const {
  Record record;
  record.id = id_;
  record.forwarding = listener_->name;
  record.listen = listener_->listen;
  record.started = std::chrono::system_clock::now();
  record.sides[0].address = client_address_;
  return record;
}

/// Stops this session alone, as T15 says.
void Session::on_close(TimePoint by) {
  own_drain_at_ = std::min(own_drain_at_, by);
  if (!state_.draining) apply(termination::Event::stop, Which::client);
  armed_ = termination::Deadline::none;
  if (!final()) arm();
}

std::optional<TimePoint> Session::drain_at() const {
  if (own_drain_at_ == TimePoint::max()) return context_.drain_at;
  return std::min(own_drain_at_, context_.drain_at.value_or(TimePoint::max()));
}

/// Whether the close of a side may be a reset. After a good end it cannot be, which saves calls.
bool Session::ends_badly(Which which, bool reset) const {
  if (!bad_ends_matter()) return false;
  const termination::Side& state = state_.side(which);
  return reset || side(which).error != 0 || state.input != termination::Input::fin || state.output != Output::fin_acked;
}

bool Session::bad_ends_matter() const {
  return context_.shared.find_reset || context_.shared.events_wanted.load(std::memory_order_relaxed);
}

/// A try has failed, and its socket is about to be closed. Its bad end counts until another try succeeds.
void Session::note_failed_try(const Side& tried) {
  if (!tried.socket || !bad_ends_matter()) return;
  if (has_told_of_reset(tried)) return keep_bad_end(Which::upstream, {.by = ResetBy::peer}, {});
  const SocketName socket = name_of_bad_end(tried);
  if (socket.cookie != 0) note_bad_end(Which::upstream, socket, false);
}

/// Whether the errno tells that the peer has reset, so that nobody need ask for the cookie: each call costs, and in a
/// storm of resets this saves every second one. Nothing but a segment of the peer sets ECONNRESET on a TCP socket
/// (net/ipv4/tcp_input.c tcp_reset), and no reset of this host follows it. Followers of events need the cookie.
bool Session::has_told_of_reset(const Side& ended) const {
  return ended.kind == net::Transport::tcp && ended.error == ECONNRESET && !ended.quirks.reset_guessed &&
         context_.shared.find_reset && !context_.shared.events_wanted.load(std::memory_order_relaxed);
}

/// Without followers of events, the cookie alone.
SocketName Session::name_of_bad_end(const Side& ended) const {
  SocketName name{.cookie = transport::cookie(ended)};
  const bool followed = context_.shared.events_wanted.load(std::memory_order_relaxed);
  if (name.cookie != 0 && followed) name.local = transport::local_address(ended);
  return name;
}

/// Looks up what the kernel noted of a reset. A reset that close() sends has been noted by the time close() returns.
void Session::note_bad_end(Which which, SocketName socket, bool on_purpose) {
  const auto noted = context_.shared.find_reset ? context_.shared.find_reset(socket.cookie) : std::nullopt;
  if (socket.local.none()) socket.cookie = 0;
  if (!noted && socket.cookie == 0) return;
  keep_bad_end(which, noted ? seen_reset(*noted, on_purpose) : SeenReset(), socket);
}

void Session::keep_bad_end(Which which, SeenReset seen, const SocketName& socket) {
  // Without memory, the record lacks this detail.
  if (!bad_ends_) bad_ends_.reset(new (std::nothrow) std::array<BadEnd, 2>{});
  if (bad_ends_) (*bad_ends_)[static_cast<std::size_t>(which)] = {seen, socket};
  if (seen.reason != nullptr) listener_->figures->kernel_sent_reset(which, seen.reason);
  switch (seen.by) {
    case ResetBy::nobody: break;
    case ResetBy::peer: context_.counters.add(Count::resets_by_peers); break;
    case ResetBy::lastbyte: context_.counters.add(Count::resets_on_purpose); break;
    case ResetBy::kernel: context_.counters.add(Count::resets_by_kernel); break;
  }
}

}  // namespace lastbyte::relay
