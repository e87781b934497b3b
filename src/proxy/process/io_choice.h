// Decides how the workers send (setting `io`), by what the setting asks for and the kernel allows.
#pragma once

#include <string>

#include "base/result.h"
#include "config/settings/config.h"

namespace lastbyte::proxy {

struct IoChoice {
  bool ring = false;  ///< io_uring carries the sends of a round of events
  std::string story;  ///< for the log: "epoll", or "io-uring, chosen by io: auto", or why not
};

/// Tries io_uring if the setting asks for it, with the current privileges and seccomp profile. An error means that `io`
/// is io-uring, and the kernel lacks or forbids it.
Result<IoChoice> choose_io(config::Io wanted);

/// Decides from the result of the trial. Pure.
Result<IoChoice> choose_io(config::Io wanted, const Result<void>& trial);

}  // namespace lastbyte::proxy
