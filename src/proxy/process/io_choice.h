// How the workers send (setting `io`): what was asked for, against what the kernel allows.
#pragma once

#include <string>

#include "base/result.h"
#include "config/settings/config.h"

namespace lastbyte::proxy {

struct IoChoice {
  bool ring = false;  ///< the sends of a round of events go through io_uring
  std::string story;  ///< for the log: "epoll", or "io-uring (io: auto)", or why it is not
};

/// Tries io_uring where it is asked for, under the privileges and the seccomp profile of this moment. An error: `io` is
/// io-uring, and the kernel does not have it or forbids it.
Result<IoChoice> choose_io(config::Io wanted);

/// The same from the outcome of the trial. Pure.
Result<IoChoice> choose_io(config::Io wanted, const Result<void>& trial);

}  // namespace lastbyte::proxy
