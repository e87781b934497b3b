// One check of one member: tcp, expect, http or agent. On the probe thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "probe/checks/outcome.h"
#include "probe/socket/connect.h"
#include "upstream/terms/settings.h"

namespace lastbyte::probe::checks {

/// A check under way. Destroyed before its end, it calls nobody.
class Run {
 public:
  /// Precondition: `check.kind` is not heartbeat. `done` is called once, not from here.
  Run(boost::asio::io_context& io, const upstream::Check& check, Target target, std::function<void(Outcome)> done);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// The request of an HTTP check.
std::string http_request(const upstream::Check& check, const std::string& host);

}  // namespace lastbyte::probe::checks
