// A program that serves at an address, started from its form.
#pragma once

#include <string>

#include "base/result.h"
#include "launchers/form.h"
#include "net/address/address.h"
#include "process/process.h"
#include "process/scratch.h"

namespace lastbyte::launchers {

/// Used by the thread that started it, which must outlive it (process/process.h).
struct Started {
  process::ScratchDirectory directory;  ///< of its own: its configuration, and what the form puts there
  process::Process process;
};

/// Starts it and waits until it listens; the error has what it wrote. `form`: with placeholders; afterwards as it was
/// started. `network`: descriptor of the network namespace to run in; -1: the present one.
Result<Started> start(const std::string& name, Form& form, int network, const net::Address& listen,
                      const net::Address& upstream);

/// The last lines of an output, as messages show them.
std::string tail(const std::string& output);

}  // namespace lastbyte::launchers
