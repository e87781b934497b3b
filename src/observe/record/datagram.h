// Formats a datagram session as a line: the parts of both formats that only datagrams have.
#pragma once

#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// Returns the word for the end of a datagram session. Explained in docs/session-records.md.
std::string_view name(relay::DatagramEnd end);

/// As to_text() and to_json(). Precondition: record.datagrams() is not null.
std::string datagrams_to_text(const relay::Record& record);
std::string datagrams_to_json(const relay::Record& record);

}  // namespace lastbyte::observe
