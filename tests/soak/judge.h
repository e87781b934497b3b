// The judge: what must hold of a session, whatever its peers did (docs/contract.md, docs/session-records.md).
#pragma once

#include <string>
#include <vector>

#include "tests/soak/seen.h"

namespace lastbyte::soak {

struct Violation {
  std::string clause;  ///< "T5"
  std::string what;
  friend bool operator==(const Violation&, const Violation&) = default;
};

/// Pure. Empty: nothing is wrong, as far as the peers can tell. Where it depends on the kernel's timing what a peer's
/// end looked like from outside, either is right.
std::vector<Violation> judge(const Session& session);

}  // namespace lastbyte::soak
