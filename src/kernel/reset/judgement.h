// Explains in plain words what a reset most likely means. Pure.
#pragma once

#include <string>

#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// Returns the meaning of a reset. Sent: the meaning of the kernel's reason; empty if the kernel gave none. Received:
/// the kernel never gives a reason, so lastbyte judges by the state and the queues.
std::string judgement(const TcpEvent& event);
/// Whether judgement() is lastbyte's own, not the kernel's.
bool is_own_judgement(const TcpEvent& event);

}  // namespace lastbyte::kernel
