// Standard input and output for the poll loops. They never block, and they never lose the last bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace lastbyte::sock {

/// Standard input. Read it only when poll(2) has reported it readable: its flags stay unchanged, because other
/// processes share them.
class Input {
 public:
  /// The caller keeps `fd`. `open` false: the input counts as empty.
  Input(int fd, bool open) : fd_(fd), open_(open) {}

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return open_; }
  /// Appends at most `most` bytes to `to`. An end of file or an error closes the input.
  void read_into(std::string& to, std::size_t most);

 private:
  int fd_;
  bool open_;
};

/// Standard output. Write to it only when poll(2) has reported it writable. To write without blocking, it opens a pipe
/// a second time, so that only its own descriptor has O_NONBLOCK. If that is impossible, a write is no longer than what
/// a pipe takes at once.
class Output {
 public:
  /// The caller keeps `fd`.
  explicit Output(int fd);

  /// The descriptor to poll for POLLOUT.
  [[nodiscard]] int fd() const { return own_ ? own_.get() : fd_; }
  /// Returns the number of bytes written, 0 if there is no room now, or -1 with errno. The caller must handle SIGPIPE.
  ssize_t write_some(std::span<const char> bytes);

 private:
  enum class Kind : std::uint8_t { file, pipe, socket, other };

  int fd_;
  Kind kind_ = Kind::other;
  Descriptor own_;
};

}  // namespace lastbyte::sock
