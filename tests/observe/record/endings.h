// Has one record for each typical ending. The termination machine itself makes each verdict, so no example is
// impossible.
#pragma once

#include <string>
#include <vector>

#include "relay/terms/record.h"

namespace lastbyte::observe {

struct Ending {
  std::string title;  ///< the heading in docs/session-records.md
  relay::Record record;
};

std::vector<Ending> typical_endings();

/// Returns the same for sessions of datagrams.
std::vector<Ending> datagram_endings();

/// Returns a session that ended well, with fixed times and figures.
relay::Record complete_record();

}  // namespace lastbyte::observe
