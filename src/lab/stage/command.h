// `lastbyte sock` on one of the two hosts, by its command line.
#pragma once

#include <string>

#include "base/result.h"
#include "lab/stage/stage.h"
#include "process/process.h"

namespace lastbyte::lab {

/// "sock -b 46210 10.0.0.17 80", as one types it, under way on a host. Its input is empty.
class SockCommand {
 public:
  /// Starts it and waits until it listens or is connected, or has ended. Fails where this program is not `lastbyte`:
  /// the test of this room is another one.
  static Result<SockCommand> start(Stage& stage, Who who, const std::string& line);

  /// "listens", "connected", the name of the errno that ended it ("EADDRINUSE"), or what it wrote.
  [[nodiscard]] const std::string& outcome() const { return outcome_; }
  /// As by Ctrl-C; waits for its end.
  void interrupt();
  /// Waits for the end that its peer brings about.
  void await_end();

 private:
  SockCommand(Stage& stage, Who who, process::Process process)
      : stage_(&stage), who_(who), process_(std::move(process)) {}
  void await_outcome(std::uint16_t port, const std::string& state, std::size_t before);

  Stage* stage_;
  Who who_;
  std::string line_;
  process::Process process_;
  std::string outcome_;
};

}  // namespace lastbyte::lab
