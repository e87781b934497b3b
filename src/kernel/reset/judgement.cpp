#include "kernel/reset/judgement.h"

#include "base/text.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {
namespace {

/// Adds the loss to the text: a reset drops the bytes that the peer's kernel had not acknowledged.
std::string with_loss(std::string text, const TcpEvent& event) {
  if (event.queued && event.queued->unacknowledged > 0)
    text += " " + counted(event.queued->unacknowledged, "byte") + " of this side may not have arrived.";
  return text;
}

std::string of_received(const TcpEvent& event) {
  const std::string_view state = state_text(event.state);
  if (state == "SYN_SENT") return "Nobody listens on the peer's port, or a firewall rejects the connection.";
  if (state == "SYN_RECV" || state == "NEW_SYN_RECV") return "The peer gave the connection up before it was accepted.";
  if (state == "CLOSE_WAIT" || state == "LAST_ACK" || state == "CLOSING")
    return with_loss("The peer had sent its FIN and was closed: this side sent data that no program there reads.",
                     event);
  if (state == "FIN_WAIT1" || state == "FIN_WAIT2")
    return with_loss("The peer aborted after this side had finished: it closed with unread input, or was killed.",
                     event);
  if (event.queued && event.queued->unacknowledged > 0)
    return with_loss(
        "The peer closed without reading everything that this side sent, or its connection no longer exists.", event);
  return "The peer aborted: it closed with unread input or SO_LINGER 0, was killed, or a device on the way forgot the "
         "connection.";
}

}  // namespace

bool is_own_judgement(const TcpEvent& event) { return event.kind == EventKind::reset_received; }

std::string judgement(const TcpEvent& event) {
  switch (event.kind) {
    case EventKind::reset_sent: {
      const ResetReason* reason = find_reset_reason(event.reason);
      return reason == nullptr ? std::string() : std::string(reason->meaning);
    }
    case EventKind::reset_received: return of_received(event);
    case EventKind::closed:
    case EventKind::timed_out:
    case EventKind::time_wait:
    case EventKind::port_reused:
    case EventKind::state_changed: return {};
  }
  return {};
}

}  // namespace lastbyte::kernel
