// One time line of calls, packets and what the kernel told. Pure.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "kernel/reset/event.h"
#include "lab/terms/outcome.h"

namespace lastbyte::lab {

/// As one reads it. The states of a handshake are marked as details.
Event event_of(const kernel::TcpEvent& event, Who who, wire::Moment at);

/// Packets of a scene that are resets, and who sent them.
using ResetPackets = std::vector<std::pair<std::size_t, Who>>;

/// Writes the scene's name, its calls and what the kernel told beside the packets: a reset's reason, which is told a
/// little before or after it, beside that reset; everything else beside the next packet, or the last. Events and
/// packets are in the order of time.
void comment_on(Scene& scene, const ResetPackets& resets);

}  // namespace lastbyte::lab
