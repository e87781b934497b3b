// Checks one member again and again while the object exists. On the probe thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "probe/checks/outcome.h"
#include "probe/socket/connect.h"
#include "upstream/terms/settings.h"

namespace lastbyte::probe::checks {

class Checker {
 public:
  /// Calls `target` at the beginning of each check and `report` at its end. Neither may destroy the Checker.
  ///
  /// A check begins `period` after the previous one began, or when that one ends if it takes longer. A heartbeat is a
  /// connection that lasts: it reports each frame, and its end. Silence for one and a half intervals is definite. A
  /// connection that is refused or ends counts as one failure, and the next attempt follows after `period`.
  Checker(boost::asio::io_context& io, const upstream::Check& check, std::function<Target()> target,
          std::function<void(Outcome)> report);
  /// Ends a check in progress without a report.
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::checks
