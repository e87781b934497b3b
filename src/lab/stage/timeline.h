// Makes one time line of calls, packets and the kernel's events. Pure.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernel/reset/event.h"
#include "lab/terms/outcome.h"

namespace lastbyte::lab {

/// Converts a kernel event for readers. Marks the states of a handshake as details.
Event event_of(const kernel::TcpEvent& event, Who who, wire::Moment at);

/// The packets of a scene that are resets, and their senders.
using ResetPackets = std::vector<std::pair<std::size_t, Who>>;

/// Attaches comments to the packets: the scene's name, its calls, and the kernel's events. A reset's reason goes to
/// that reset, which the kernel reports a little before or after the packet. Anything else goes to the next packet, or
/// to the last. Events and packets are in the order of time.
void comment_on(Scene& scene, const ResetPackets& resets);

}  // namespace lastbyte::lab
