// The checks of one member, one after the other, for as long as this lives. On the probe thread.
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
  /// `target` is asked at the beginning of each check, `report` is called at its end. Neither may destroy the Checker.
  ///
  /// A check begins `period` after the one before began, or when that ended if it took longer. A heartbeat is a
  /// connection that lasts: it reports each frame, and its end. Silence for one and a half intervals is definite; a
  /// connection that is refused or ends is one failure, and the next one is tried after `period`.
  Checker(boost::asio::io_context& io, const upstream::Check& check, std::function<Target()> target,
          std::function<void(Outcome)> report);
  /// A check under way ends without a report.
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lastbyte::probe::checks
