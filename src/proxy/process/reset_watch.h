// The watch over resets in the kernel (setting `trace`): what was asked for, against what the kernel allows.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/settings/config.h"
#include "relay/terms/seen_reset.h"

namespace lastbyte::proxy {

struct ResetWatch {
  /// For any thread; holds the programs in the kernel for as long as it lives. Empty: nobody watches.
  std::function<std::optional<relay::KernelReset>(std::uint64_t cookie)> find = {};
  std::string story = {};  ///< for the log; empty: nobody asked for it
};

/// Loads the programs, before privileges are dropped. An error: `trace` is on, and they do not load.
Result<ResetWatch> watch_resets(config::Trace wanted);

}  // namespace lastbyte::proxy
