// The watch over resets in the kernel (setting `trace`), by what the setting asks for and the kernel allows.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/settings/config.h"
#include "relay/terms/seen_reset.h"

namespace lastbyte::proxy {

struct ResetWatch {
  /// Returns the kernel's reason for a reset. Any thread. It keeps the programs in the kernel while it exists. Empty:
  /// resets are not traced.
  std::function<std::optional<relay::KernelReset>(std::uint64_t cookie)> find = {};
  std::string story = {};  ///< for the log; empty: the setting does not ask for it
};

/// Loads the programs. Call it before privileges are dropped. An error means that `trace` is on and they do not load.
Result<ResetWatch> watch_resets(config::Trace wanted);

}  // namespace lastbyte::proxy
