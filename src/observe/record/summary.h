// Summarises how a session ended, in the few words that an operator reads first.
#pragma once

#include <string>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns "complete", or what went wrong, on which side, and what was lost: "reset by upstream (ECONNRESET), 24 bytes
/// from client undelivered". docs/session-records.md lists the phrases.
std::string summary(const relay::Record& record);

}  // namespace lastbyte::observe
