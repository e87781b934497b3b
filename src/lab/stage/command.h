// Runs `lastbyte sock` on one of the two hosts, by its command line.
#pragma once

#include <string>

#include "base/result.h"
#include "lab/stage/stage.h"
#include "process/process.h"

namespace lastbyte::lab {

/// A command that runs on a host, as typed: "sock -b 46210 10.0.0.17 80". Its input is empty.
class SockCommand {
 public:
  /// Starts the command. Waits until it listens, is connected or has ended. Fails if this program is not `lastbyte`
  /// (the room's unit test is another program).
  static Result<SockCommand> start(Stage& stage, Who who, const std::string& line);

  /// Returns "listens", "connected", the name of the errno that ended it ("EADDRINUSE"), or its output.
  [[nodiscard]] const std::string& outcome() const { return outcome_; }
  /// Interrupts the command as Ctrl-C does, and waits for its end.
  void interrupt();
  /// Waits for the end, which the peer causes.
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
