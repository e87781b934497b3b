// Session: the operator's view of an open session.
#include "relay/context/context.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using std::chrono::duration_cast;
using std::chrono::microseconds;

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
  if (detail == Detail::whole)
    for (std::size_t index = 0; index < trail_.size(); ++index) view.trail.push_back(trail_[index]);
  return view;
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

}  // namespace lastbyte::relay
