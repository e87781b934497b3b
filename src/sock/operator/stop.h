// The request to stop a run: by the caller, or by SIGINT and SIGTERM.
#pragma once

#include <csignal>

#include "base/descriptor.h"
#include "base/time.h"
#include "sock/command/sock.h"

namespace lastbyte::sock {

/// While this object exists, the calling thread blocks SIGPIPE. If requested, SIGINT and SIGTERM make fd() readable.
/// The same thread must create and destroy it.
class StopSignal {
 public:
  explicit StopSignal(const Streams& streams);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// The descriptor to poll for POLLIN, level-triggered. Once readable, it stays readable.
  [[nodiscard]] int fd() const { return gate_.get(); }
  [[nodiscard]] bool raised() const;

 private:
  Descriptor gate_;  ///< an epoll instance that is readable when one of its members is
  Descriptor signals_;
  sigset_t before_{};
  bool had_pipe_signal_ = false;
};

enum class Wake : std::uint8_t { ready, timed_out, stopped };
/// Waits for `events` on `fd`, until `deadline` at most (TimePoint::max(): for ever).
Wake wait_for(int fd, short events, TimePoint deadline, const StopSignal& stop);
/// Returns the timeout for poll(2): milliseconds until `deadline`, rounded up; -1 for TimePoint::max().
int poll_timeout(TimePoint deadline, TimePoint now);

}  // namespace lastbyte::sock
