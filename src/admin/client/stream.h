// An answer of the administration that has no end, read as it comes and without waiting.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::admin {

/// One thread.
class Stream {
 public:
  /// Connects and sends a GET. EAGAIN: the instance has too many callers that wait.
  static Result<Stream> open(const std::string& socket, const std::string& target);

  /// Readable (poll) when take() has something to do.
  [[nodiscard]] int fd() const { return socket_.get(); }
  /// The process that listens, in the caller's PID namespace; 0: the kernel does not tell.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The answer has begun: what happens from now on will come.
  [[nodiscard]] bool has_begun() const { return in_body_; }
  /// Gives each whole line that has come, without its end. False: the other side has ended the answer.
  Result<bool> take(const std::function<void(std::string_view line)>& line);

 private:
  Result<void> take_text(const std::function<void(std::string_view line)>& line);

  std::string name_;  ///< for messages
  Descriptor socket_;
  pid_t pid_ = 0;
  bool in_body_ = false;
  std::string text_;  ///< came, and is no whole line yet
};

}  // namespace lastbyte::admin
