// A Sender that needs one system call for many sends: an io_uring of which nothing but sends is asked.
#pragma once

#include <memory>

#include "base/result.h"
#include "loop/sender.h"

namespace lastbyte::loop {

/// A ring for the calling thread, which alone may use it (IORING_SETUP_SINGLE_ISSUER). An error where the kernel has no
/// io_uring (before Linux 6.1), or forbids it (kernel.io_uring_disabled, a seccomp profile, RLIMIT_MEMLOCK).
Result<std::unique_ptr<Sender>> make_send_ring();

}  // namespace lastbyte::loop
