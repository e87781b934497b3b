// What a reset most likely means, in plain words. Pure.
#pragma once

#include <string>

#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// Of a reset that was sent: the meaning of the kernel's reason; empty where it gave none. Of one that was received,
/// for which the kernel never gives a reason: this program's judgement, from the state and the queues.
std::string judgement(const TcpEvent& event);
/// Whether judgement() is this program's own.
bool is_own_judgement(const TcpEvent& event);

}  // namespace lastbyte::kernel
