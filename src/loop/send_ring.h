// A Sender that needs one system call for many sends: an io_uring that is used for sends only.
#pragma once

#include <memory>

#include "base/result.h"
#include "loop/sender.h"

namespace lastbyte::loop {

/// Makes a ring that only the calling thread may use (IORING_SETUP_SINGLE_ISSUER). Fails if the kernel has no suitable
/// io_uring (before Linux 6.1) or forbids it (kernel.io_uring_disabled, a seccomp profile, RLIMIT_MEMLOCK).
Result<std::unique_ptr<Sender>> make_send_ring();

}  // namespace lastbyte::loop
