// Sends that come to what a test wants: this program's send(2) asks here on watched threads (failing_memory.h), and so
// does the Sender of this file.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "loop/sender.h"

namespace lastbyte::test {

struct SendFault {
  std::uint64_t number = 0;  ///< of the sends from now on
  int error = 0;             ///< what it comes to; 0: only one byte is taken
};

/// Of the sends of watched threads from now on, one comes to something else. The socket knows nothing of it.
void fail_send(const SendFault& fault);
/// Nothing fails any more. True: something did.
bool sends_work();
[[nodiscard]] bool has_failed_send();

/// io_uring for each send, however few there are; with the same faults. An error where the kernel has none.
Result<std::unique_ptr<loop::Sender>> make_failing_ring();
/// How many sends such rings have carried out.
[[nodiscard]] std::uint64_t sends_through_rings();

}  // namespace lastbyte::test
