// One record for each typical ending, each verdict made by the termination machine itself: no impossible example.
#pragma once

#include <string>
#include <vector>

#include "relay/terms/record.h"

namespace lastbyte::observe {

struct Ending {
  std::string title;  ///< its heading in docs/session-records.md
  relay::Record record;
};

std::vector<Ending> typical_endings();

/// The same for sessions of datagrams.
std::vector<Ending> datagram_endings();

/// A session that ended well, with fixed times and figures.
relay::Record complete_record();

}  // namespace lastbyte::observe
