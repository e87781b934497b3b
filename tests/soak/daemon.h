// The daemon under test, and what is done to it while sessions run.
#pragma once

#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "tests/harness/process.h"
#include "tests/soak/lanes.h"

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
  /// Leaves it no descriptor that it could open, for so long.
  void shorten(Milliseconds time);
  [[nodiscard]] bool is_short() const { return relieved_.has_value(); }
  /// When relieve_if_due() is to be called; none: it is not.
  [[nodiscard]] std::optional<TimePoint> wake() const;
  /// Ends a freeze or a shortage whose time is over.
  void relieve_if_due();
  /// SIGHUP with a variation of the settings; nothing while it is short of descriptors, or was asked to stop.
  void reload(std::uint64_t variation);
  /// SIGTERM.
  void ask_to_stop();

  /// Until it has ended; it is asked to stop, unless it was, once its sockets are those of the start again. What is
  /// wrong with its end; empty: nothing.
  std::vector<std::string> end();

 private:
  Daemon() = default;
  /// nullopt: as high as it may be.
  void set_soft_limit(std::optional<rlim_t> soft);

  std::unique_ptr<system_test::Process> process_;
  const std::vector<Lane>* lanes_ = nullptr;
  std::string config_;
  std::string log_;
  Descriptor records_;
  std::string partial_;  ///< of a record's line
  std::optional<TimePoint> thaws_;
  std::optional<TimePoint> relieved_;  ///< of the shortage
  bool was_short_ = false;
  bool asked_to_stop_ = false;
  std::size_t sockets_at_start_ = 0;
};

}  // namespace lastbyte::soak
