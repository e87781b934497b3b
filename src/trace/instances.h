// The running instances of lastbyte: finds them, and follows the ends of their sessions.
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

/// One thread. Nothing here waits, but for begin().
class Instances {
 public:
  struct Sink {
    std::function<void(EndedSide)> side;
    std::function<void(const std::string&)> note;  ///< for the user, a sentence
  };

  explicit Instances(Sink sink) : sink_(std::move(sink)) {}

  /// Follows `given` sockets and all instances that are found, and waits until they answer, for a second at most. An
  /// error: one that was given does not answer.
  Result<void> begin(const std::vector<std::string>& given);
  /// Finds those that have been started since. To be called each second.
  void look();
  void add_waits(std::vector<pollfd>& waits) const;
  /// Takes what has come.
  void take();

  /// Whether it is the process of an instance that is followed.
  [[nodiscard]] bool follows(std::uint32_t pid) const;
  [[nodiscard]] bool none() const { return streams_.empty(); }
  /// Says once of a process that forwards and is not followed why its resets have no sessions.
  void mention(const kernel::ProcessName& process);

 private:
  void follow(const std::string& socket);
  Result<void> start(const std::string& socket);

  Sink sink_;
  std::vector<std::string> given_;
  std::map<std::string, admin::Stream> streams_;  ///< by their sockets
  std::set<std::string> refused_;                 ///< sockets, as told
  std::set<std::uint32_t> mentioned_;
};

/// Whether /proc/PID/cmdline is that of `lastbyte proxy`. Pure.
bool is_forwarder(std::string_view command_line);

}  // namespace lastbyte::trace
