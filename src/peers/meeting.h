// The flags with which the peers of one run wait for each other. Events, not times, thus order their actions.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "loop/wakeup.h"

namespace lastbyte::peers {

using loop::Wakeup;

/// Flags by name. A flag counts how often it was raised and is never lowered. Any thread.
class Meeting {
 public:
  void signal(std::string_view name);
  [[nodiscard]] std::uint32_t count(std::string_view name) const;

  /// Raises `wakeup` at each signal() until leave(). `wakeup` must live until then.
  void join(Wakeup& wakeup);
  void leave(Wakeup& wakeup);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint32_t, std::less<>> counts_;
  std::vector<Wakeup*> present_;
};

}  // namespace lastbyte::peers
