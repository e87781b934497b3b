// Finds the running instances of lastbyte and follows the ends of their sessions.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/client/stream.h"
#include "base/result.h"
#include "base/time.h"
#include "kernel/reset/event.h"
#include "trace/sessions.h"

namespace lastbyte::trace {

/// For one thread. Only begin() waits.
class Instances {
 public:
  struct Sink {
    std::function<void(EndedSide)> side;
    std::function<void(const std::string&)> note;  ///< a sentence for the user
  };

  explicit Instances(Sink sink) : sink_(std::move(sink)) {}

  /// Follows the sockets `given` and all instances found. Waits until they answer, at most one second. Fails if a given
  /// socket does not answer.
  Result<void> begin(const std::vector<std::string>& given);
  /// Finds the instances that have started since the last call. Call it once a second.
  void look();
  void add_waits(std::vector<pollfd>& waits) const;
  /// Reads what the instances have sent.
  void take();

  /// Whether `pid` is a followed instance.
  [[nodiscard]] bool follows(std::uint32_t pid) const;
  [[nodiscard]] bool none() const { return streams_.empty(); }
  /// Explains, once for each process, why resets of a forwarding process that is not followed come without sessions.
  void mention(const kernel::ProcessName& process);

 private:
  void follow(const std::string& socket);
  Result<void> start(const std::string& socket);

  Sink sink_;
  std::vector<std::string> given_;
  std::map<std::string, admin::Stream> streams_;  ///< key: the instance's socket
  std::set<std::string> refused_;                 ///< sockets whose failure has been reported
  std::set<std::uint32_t> mentioned_;
};

/// Whether `command_line`, from /proc/PID/cmdline, is that of `lastbyte proxy`. Pure.
bool is_forwarder(std::string_view command_line);

}  // namespace lastbyte::trace
