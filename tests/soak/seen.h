// What a peer of the soak saw and did on its connection, and what there is of one session for the judge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peers/observed.h"
#include "tests/harness/record.h"
#include "tests/soak/plan.h"

namespace lastbyte::soak {

using peers::Elapsed;

/// Times count from the beginning of the session.
/// Descriptors that came with some of the bytes from `begin` up to `end`.
struct Passed {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t count = 0;
};

struct Seen {
  /// `connected`: it has had a connection. `unacknowledged` is without the FIN. `unread`: of payload. `fin`, `error`:
  /// as for the check's peers.
  peers::Observed base;
  bool input_over = false;          ///< it has read to the end, a FIN or an error
  bool fin_sent = false;            ///< shutdown() succeeded
  bool fin_acknowledged = false;    ///< and the kernel at the other end was seen to have the FIN
  bool cut = false;                 ///< it let go of its socket before the end, as planned
  bool cut_by_reset = false;        ///< by SO_LINGER {1,0}
  std::vector<Passed> gave = {};    ///< descriptors, and with which byte
  std::vector<Passed> took = {};    ///< what came of those of the other peer
  std::vector<Elapsed> sends = {};  ///< when something was sent, each call; none after the first kMostSends
};

inline constexpr std::size_t kMostSends = 4096;

struct Session {
  Plan plan;
  Seen client;
  Seen upstream;
  std::uint32_t connections = 0;                   ///< that came to the upstream
  std::uint32_t records = 0;                       ///< that were written for it
  bool short_of_descriptors = false;               ///< the daemon was, while it ran
  bool stopping = false;                           ///< the daemon was asked to stop while it ran
  std::optional<system_test::Record> record = {};  ///< the first
};

std::string print(const Session& session);

}  // namespace lastbyte::soak
