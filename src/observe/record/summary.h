// How a session ended, in the few words that an operator reads first.
#pragma once

#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// "complete", or what went wrong and on which side, and what was lost by it: "reset by upstream (ECONNRESET), 24 bytes
/// from client undelivered". The phrases are listed in docs/session-records.md.
std::string summary(const relay::Record& record);

}  // namespace lastbyte::observe
