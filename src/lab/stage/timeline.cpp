#include "lab/stage/timeline.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace lastbyte::lab {
namespace {

/// Returns the packet that an event belongs to. A reason belongs to its reset, which the kernel reports a little before
/// or after the packet. Any other event belongs to the next packet, or to the last one.
std::size_t packet_of(const Scene& scene, const Event& event, const ResetPackets& resets) {
  std::size_t found = scene.packets.size();
  auto nearest = std::chrono::nanoseconds::max();
  for (const auto& [at, who] : resets) {
    if (!event.reset || who != event.who) continue;
    const auto apart = std::chrono::abs(scene.packets[at].packet.at - event.at);
    if (apart >= nearest) continue;
    nearest = apart;
    found = at;
  }
  if (found < scene.packets.size()) return found;
  const auto next =
      std::ranges::lower_bound(scene.packets, event.at, {}, [](const wire::Commented& each) { return each.packet.at; });
  const auto at = static_cast<std::size_t>(next - scene.packets.begin());
  return std::min(at, scene.packets.size() - 1);
}

}  // namespace

Event event_of(const kernel::TcpEvent& event, Who who, wire::Moment at) {
  Event out{.at = at, .who = who, .kind = EventKind::kernel, .text = {}};
  const std::string before(kernel::state_text(event.state));
  switch (event.kind) {
    case kernel::EventKind::reset_sent:
      out.text = "kernel sends RST: " + (event.reason.empty() ? "no reason told" : event.reason);
      out.reset = true;
      break;
    case kernel::EventKind::reset_received: out.text = "kernel takes the RST in " + before; break;
    case kernel::EventKind::time_wait: out.text = "kernel: TIME_WAIT begins"; break;
    case kernel::EventKind::state_changed:
      out.text = "kernel: " + before + " -> " + std::string(kernel::state_text(event.new_state));
      out.detail = before == "CLOSE" || before == "LISTEN" || before.starts_with("SYN_") || before == "NEW_SYN_RECV";
      break;
    case kernel::EventKind::closed:
    case kernel::EventKind::timed_out:
    case kernel::EventKind::port_reused: out.text = "kernel: " + std::string(kernel::kind_text(event.kind)); break;
  }
  return out;
}

void comment_on(Scene& scene, const ResetPackets& resets) {
  if (scene.packets.empty()) return;
  for (const Event& event : scene.events) {
    if (event.kind == EventKind::segment) continue;
    std::string& comment = scene.packets[packet_of(scene, event, resets)].comment;
    comment +=
        (comment.empty() ? "" : "; ") + std::string(event.who == Who::client ? "client " : "server ") + event.text;
  }
  std::string& first = scene.packets.front().comment;
  first = "[" + scene.name + "]" + (first.empty() ? "" : " " + first);
}

}  // namespace lastbyte::lab
