// Standard input and output as the loops use them: never blocking, and never losing the last bytes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"

namespace lastbyte::sock {

/// Read only after poll(2) said that it may be; its own flags are left alone, because others share them.
class Input {
 public:
  /// `fd` stays the caller's. `open` false: counts as empty.
  Input(int fd, bool open) : fd_(fd), open_(open) {}

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool open() const { return open_; }
  /// Appends at most `most` bytes to `to`. An end of file or an error closes the input.
  void read_into(std::string& to, std::size_t most);

 private:
  int fd_;
  bool open_;
};

/// Written only after poll(2) said that it may be. To write without ever blocking, a pipe is opened a second time, so
/// that O_NONBLOCK stays ours alone; where that is impossible, a write is no longer than what a pipe takes at once.
class Output {
 public:
  /// `fd` stays the caller's.
  explicit Output(int fd);

  /// To be polled for POLLOUT.
  [[nodiscard]] int fd() const { return own_ ? own_.get() : fd_; }
  /// Bytes taken, 0 where there is no room now, -1 with errno. SIGPIPE is not this class's matter.
  ssize_t write_some(std::span<const char> bytes);

 private:
  enum class Kind : std::uint8_t { file, pipe, socket, other };

  int fd_;
  Kind kind_ = Kind::other;
  Descriptor own_;
};

}  // namespace lastbyte::sock
