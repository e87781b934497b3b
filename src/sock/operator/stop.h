// The stop of a run: by its caller, or by SIGINT and SIGTERM.
#pragma once

#include <csignal>

#include "base/descriptor.h"
#include "base/time.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// While it lives, the calling thread has SIGPIPE blocked and, where asked for, SIGINT and SIGTERM turned into
/// readability of fd(). Made and destroyed by the same thread.
class StopSignal {
 public:
  explicit StopSignal(const Streams& streams);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// To be polled for POLLIN, level-triggered: once readable it stays so.
  [[nodiscard]] int fd() const { return gate_.get(); }
  [[nodiscard]] bool raised() const;

 private:
  Descriptor gate_;  ///< an epoll that is readable when one of its members is
  Descriptor signals_;
  sigset_t before_{};
  bool had_pipe_signal_ = false;
};

enum class Wake : std::uint8_t { ready, timed_out, stopped };
/// Waits for `events` on `fd`, not beyond `deadline` (the clock's end: for ever).
Wake wait_for(int fd, short events, TimePoint deadline, const StopSignal& stop);
/// For poll(2): milliseconds until `deadline`, rounded up; -1 for the clock's end.
int poll_timeout(TimePoint deadline, TimePoint now);

}  // namespace lastbyte::sock
