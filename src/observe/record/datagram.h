// A session of datagrams as a line: what its two forms have of their own.
#pragma once

#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// How a session of datagrams ended, in a word. Explained in docs/session-records.md.
std::string_view name(relay::DatagramEnd end);

/// As to_text() and to_json(). Precondition: record.datagrams().
std::string datagrams_to_text(const relay::Record& record);
std::string datagrams_to_json(const relay::Record& record);

}  // namespace lastbyte::observe
