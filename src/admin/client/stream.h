// Reads an endless answer of the administration as it comes, without waiting.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::admin {

/// For one thread.
class Stream {
 public:
  /// Connects and sends a GET. EAGAIN: the instance's queue of clients is full.
  static Result<Stream> open(const std::string& socket, const std::string& target);

  /// Readable (poll) when take() has something to do.
  [[nodiscard]] int fd() const { return socket_.get(); }
  /// The listener's pid in the caller's PID namespace; 0: unknown.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Whether the answer has begun: the stream will have all further events.
  [[nodiscard]] bool has_begun() const { return in_body_; }
  /// Passes each whole line to `line`, without its line end. Returns false if the other side has ended the answer.
  Result<bool> take(const std::function<void(std::string_view line)>& line);

 private:
  Result<void> take_text(const std::function<void(std::string_view line)>& line);

  std::string name_;  ///< for messages
  Descriptor socket_;
  pid_t pid_ = 0;
  bool in_body_ = false;
  std::string text_;  ///< received text that is no whole line yet
};

}  // namespace lastbyte::admin
