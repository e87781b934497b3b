// The destination of a log's lines: a file, a standard stream (a pipe, socket or terminal), or a syslog receiver. A
// write never waits for a reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "observe/log/syslog.h"
#include "observe/log/syslog_socket.h"

namespace lastbyte::observe {

class LogTarget {
 public:
  /// `target` is "stderr", "stdout", a syslog receiver (net/address/syslog.h), or a path. A path is appended to; if it
  /// does not exist, it is created with mode 0640. A named pipe needs its reader already; a syslog receiver may start
  /// later. `origin` describes this process to a syslog receiver; open() fills in the host and the process.
  static Result<LogTarget> open(const std::string& target, const SyslogOrigin& origin = {});
  /// Writes to the pipe, socket, file or terminal behind `fd`. The caller keeps `fd`.
  static Result<LogTarget> share(int fd, std::string name);

  /// Appends a line in the destination's form: as it is, with the journal's prefix, or as a syslog message.
  void append(std::string& lines, const Line& line) const;
  /// Whether append() would keep the whole line.
  [[nodiscard]] bool has_room_for(const Line& line) const;
  /// Whether the destination takes structured data.
  [[nodiscard]] bool takes_data() const { return syslog_.has_value(); }

  struct Written {
    std::size_t bytes = 0;
    int error = 0;              ///< why the write is incomplete; EAGAIN: the reader is behind, poll fd() for POLLOUT
    std::uint64_t refused = 0;  ///< earlier lines since reported as undeliverable (syslog over UDP)
  };
  /// Writes whole lines, as append() makes them. Except for a regular file, no line is split or mixed with another
  /// writer's: the kernel takes up to PIPE_BUF bytes whole or not at all (pipe(7)). May raise SIGPIPE unless it is
  /// blocked.
  Written write(std::string_view lines);

  /// What its name leads to now.
  [[nodiscard]] Result<LogTarget> open_again() const { return open(name_, origin_); }
  /// Both write to the same file, pipe or terminal.
  [[nodiscard]] bool is_same_file(const LogTarget& other) const;

  [[nodiscard]] int fd() const { return syslog_ ? syslog_->fd() : fd_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// Whether the target is a stream that lastbyte was started with and cannot open anew.
  [[nodiscard]] bool is_standard_stream() const { return name_ == "stderr" || name_ == "stdout"; }
  /// Whether a new try soon after a failure is cheap.
  [[nodiscard]] bool is_cheap_to_retry() const { return syslog_.has_value(); }

 private:
  enum class Kind { file, socket, stream, blocking_stream, syslog };
  LogTarget(Descriptor fd, Kind kind, std::string name) : fd_(std::move(fd)), kind_(kind), name_(std::move(name)) {}
  LogTarget(SyslogSocket socket, SyslogOrigin origin, std::string name)
      : kind_(Kind::syslog), name_(std::move(name)), syslog_(std::move(socket)), origin_(std::move(origin)) {}
  [[nodiscard]] ssize_t write_once(std::string_view part) const;
  Written send(std::string_view lines);
  [[nodiscard]] std::size_t longest() const;

  Descriptor fd_;
  Kind kind_;
  std::string name_;
  bool journal_ = false;
  std::optional<SyslogSocket> syslog_;
  SyslogOrigin origin_;
};

}  // namespace lastbyte::observe
