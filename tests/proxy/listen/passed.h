// Sockets that a service manager has passed, for tests.
#pragma once

#include <vector>

#include "proxy/listen/activation.h"

namespace lastbyte::proxy {

inline std::vector<PassedSocket> only(const PassedSocket& one) { return {one}; }

}  // namespace lastbyte::proxy
