#include "relay/side/ledger.h"

#include <algorithm>

namespace lastbyte::relay {

FlowRecord flow_record(const Ledger& from, const Ledger& to) {
  const std::uint64_t own = to.sent - to.preface;
  const std::uint64_t unacknowledged = std::min<std::uint64_t>(to.unacknowledged, own);
  return {.received = from.received,
          .delivered = own - unacknowledged,
          .undelivered = from.discarded + from.dropped + unacknowledged,
          .discarded = from.discarded,
          // The unacknowledged bytes are the last ones sent, and the rescued ones are as well.
          .rescued = from.rescued - std::min(from.rescued, unacknowledged),
          .descriptors = from.descriptors};
}

}  // namespace lastbyte::relay
