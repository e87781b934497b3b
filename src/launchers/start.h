// Starts a program from its form and waits until it serves at an address.
#pragma once

#include <string>

#include "base/result.h"
#include "launchers/form.h"
#include "net/address/address.h"
#include "process/process.h"
#include "process/scratch.h"

namespace lastbyte::launchers {

/// A started program. The thread that started it uses it and must outlive it (process/process.h).
struct Started {
  process::ScratchDirectory directory;  ///< the program's own: its configuration, and files of the form
  process::Process process;
};

/// Starts the program and waits until it listens. An error contains the program's output. `form`: the placeholders in
/// it are replaced. `network`: descriptor of the network namespace to run in; -1: the current one.
Result<Started> start(const std::string& name, Form& form, int network, const net::Address& listen,
                      const net::Address& upstream);

/// Returns the last part of an output, as messages show it.
std::string tail(const std::string& output);

}  // namespace lastbyte::launchers
