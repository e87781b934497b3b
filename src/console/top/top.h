// lastbyte top: shows the open sessions of a running lastbyte, updated regularly, on a terminal or as text.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "console/top/view.h"

namespace lastbyte::console {

struct TopOptions {
  std::optional<std::string> socket;
  std::chrono::milliseconds interval{2000};
  SortKey sort = SortKey::rate;
  bool reversed = false;
  std::string filter;
  bool batch = false;             ///< print text on standard output, and read no keys
  std::optional<unsigned> count;  ///< number of pictures of `batch`; nullopt: without an end
};

/// Blocks until the user or a signal ends it. An error: nothing was shown.
Result<void> run_top(const TopOptions& options);

}  // namespace lastbyte::console
