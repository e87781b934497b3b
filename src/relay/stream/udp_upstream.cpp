// Session: a side whose socket knows no FIN, that is, the UDP upstream of a stream client. What it lacks is made of
// what there is, so that termination need not know: after the client's FIN, silence is its end; an ICMP error is a
// reset; and where nobody takes what it says any more, it has said enough.
#include <cerrno>

#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/side/errors.h"
#include "relay/stream/kinds.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Event;

/// A read gave no datagram. The error comes ahead of the datagrams that arrived before it (net/ipv4/udp.c
/// __skb_recv_udp), and so it counts only once those have been read (T4). True: read on.
bool Session::no_datagram(Which source, int error) {
  Side& from = side(source);
  if (only_tells_size(from, error)) {
    from.trouble = false;
    return true;
  }
  if (!would_block(error)) {
    latch(source, error);
    from.trouble = false;
    return true;
  }
  from.readable = false;
  if (from.error != 0) apply(event_of_input_end(-1, from.error, false), source);
  return false;
}

/// Lingering is for peers that a close would reset; a UDP peer knows of none.
void Session::end_unwanted_datagrams(Which which) {
  if (side(which).kind != net::Transport::udp) return;
  if (termination::reads(state_, which) && termination::discards(state_, which)) apply(Event::fin, which);
}

/// When a UDP upstream has been silent for long enough after the client's FIN; max(): that is not what is waited for.
TimePoint Session::end_of_silence() const {
  const bool waits = side(Which::upstream).kind == net::Transport::udp && termination::reads(state_, Which::upstream) &&
                     state_.side(Which::client).input == termination::Input::fin;
  return waits ? last_activity_ + listener_->forwarding->limits.datagram_idle : TimePoint::max();
}

}  // namespace lastbyte::relay
