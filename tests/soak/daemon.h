// The daemon under test, and what is done to it while sessions run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "lanes.h"
#include "process.h"

namespace lastbyte::soak {

/// One thread's. Destroyed, it is killed if it still runs.
class Daemon {
 public:
  /// Waits until it listens; finds the addresses of the lanes.
  static Result<Daemon> start(const std::string& binary, std::vector<Lane>& lanes,
                              const system_test::TemporaryDirectory& directory);

  [[nodiscard]] bool running() { return process_->running(); }
  [[nodiscard]] std::string said() const { return process_->err(); }

  /// Where records can be read from, for poll(2).
  [[nodiscard]] int records() const { return records_.get(); }
  /// The lines that have come.
  std::vector<std::string> read_records();

  /// SIGSTOP, and SIGCONT after `time`, or what is left of an earlier one if that is more. Blocks until it stands
  /// still.
  void freeze(Milliseconds time);
  [[nodiscard]] std::optional<TimePoint> thaws() const { return thaws_; }
  void thaw_if_due();
  /// SIGHUP with a variation of the settings.
  void reload(std::uint64_t variation);

  /// SIGTERM, once its sockets are those of the start again. What is wrong with its end; empty: nothing.
  std::vector<std::string> stop();

 private:
  Daemon() = default;

  std::unique_ptr<system_test::Process> process_;
  const std::vector<Lane>* lanes_ = nullptr;
  std::string config_;
  std::string log_;
  Descriptor records_;
  std::string partial_;  ///< of a record's line
  std::optional<TimePoint> thaws_;
  std::size_t sockets_at_start_ = 0;
};

}  // namespace lastbyte::soak
