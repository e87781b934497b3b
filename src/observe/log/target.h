// Where a log's lines go: a file, or a standard error that may be a pipe, a socket or a terminal. Writing never blocks
// on a reader that does not read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::observe {

class LogTarget {
 public:
  /// "stderr", or a path: made with mode 0640 where it does not exist, appended to. A named pipe needs its reader to
  /// be there already.
  static Result<LogTarget> open(const std::string& target);
  /// Writes to the pipe, socket, file or terminal behind `fd`, which stays the caller's.
  static Result<LogTarget> share(int fd, std::string name);

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  ///< why not all of it; EAGAIN: the reader is behind, poll fd() for POLLOUT
  };
  /// `lines` are whole lines. On anything but a regular file no line is torn or mixed with another writer's: the kernel
  /// takes up to PIPE_BUF bytes as a whole or not at all (pipe(7)). May raise SIGPIPE unless that is blocked.
  Written write(std::string_view lines);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  enum class Kind { file, socket, stream, blocking_stream };
  LogTarget(Descriptor fd, Kind kind, std::string name) : fd_(std::move(fd)), kind_(kind), name_(std::move(name)) {}
  [[nodiscard]] ssize_t write_once(std::string_view part) const;

  Descriptor fd_;
  Kind kind_;
  std::string name_;
};

}  // namespace lastbyte::observe
