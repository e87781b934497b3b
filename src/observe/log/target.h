// Where a log's lines go: a file, a standard stream that may be a pipe, a socket or a terminal, or a syslog receiver.
// Writing never blocks on a reader that does not read.
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
  /// "stderr", "stdout", a syslog receiver (net/address/syslog.h), or a path: made with mode 0640 where it does not
  /// exist, appended to. A named pipe needs its reader to be there already; a syslog receiver may come later.
  /// `origin`: what a syslog receiver is told of us; the host and the process are filled in.
  static Result<LogTarget> open(const std::string& target, const SyslogOrigin& origin = {});
  /// Writes to the pipe, socket, file or terminal behind `fd`, which stays the caller's.
  static Result<LogTarget> share(int fd, std::string name);

  /// Adds a line in the form that the destination takes: as it is, with the journal's prefix, or as a syslog message.
  void append(std::string& lines, const Line& line) const;
  /// append() would leave nothing out.
  [[nodiscard]] bool has_room_for(const Line& line) const;
  /// It takes a line's structured data.
  [[nodiscard]] bool takes_data() const { return syslog_.has_value(); }

  struct Written {
    std::size_t bytes = 0;
    int error = 0;              ///< why not all of it; EAGAIN: the reader is behind, poll fd() for POLLOUT
    std::uint64_t refused = 0;  ///< earlier lines that were reported as undeliverable since (syslog over UDP)
  };
  /// `lines` are whole lines, as append() makes them. On anything but a regular file no line is torn or mixed with
  /// another writer's: the kernel takes up to PIPE_BUF bytes as a whole or not at all (pipe(7)). May raise SIGPIPE
  /// unless that is blocked.
  Written write(std::string_view lines);

  [[nodiscard]] int fd() const { return syslog_ ? syslog_->fd() : fd_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// One of ours from the start on, which cannot be opened anew.
  [[nodiscard]] bool is_standard_stream() const { return name_ == "stderr" || name_ == "stdout"; }
  /// It costs next to nothing to try again soon after a failure.
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
