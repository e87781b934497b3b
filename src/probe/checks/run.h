// Runs one check of one member: tcp, expect, http or agent. On the probe thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "probe/checks/outcome.h"
#include "probe/socket/connect.h"
#include "upstream/terms/settings.h"

namespace lastbyte::probe::checks {

/// A check in progress. If it is destroyed early, it does not call `done`.
class Run {
 public:
  /// Precondition: `check.kind` is not heartbeat. `done` is called once, later than the constructor.
  Run(boost::asio::io_context& io, const upstream::Check& check, Target target, std::function<void(Outcome)> done);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Returns the request of an HTTP check.
std::string http_request(const upstream::Check& check, const std::string& host);

}  // namespace lastbyte::probe::checks
