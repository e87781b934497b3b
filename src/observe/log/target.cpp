#include "observe/log/target.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/address/syslog.h"
#include "observe/log/journal.h"

namespace lastbyte::observe {
namespace {

constexpr mode_t kMode = 0640;

/// Returns as many whole lines as fit into `limit`. Returns a longer single line whole.
std::string_view whole_lines(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  const auto last = text.rfind('\n', limit - 1);
  if (last != std::string_view::npos) return text.substr(0, last + 1);
  return text.substr(0, text.find('\n') + 1);
}

bool writable_now(int fd) {
  pollfd wanted{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

/// Writes to a descriptor without waiting, with RWF_NOWAIT where the kernel supports it (pipes: since Linux 6.4).
/// Otherwise it polls first: a pipe that polls writable has a free page for PIPE_BUF bytes (fs/pipe.c pipe_poll),
/// unless another writer takes it.
ssize_t write_without_waiting(int fd, std::string_view part) {
  const iovec whole{.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()};
  const ssize_t count = ::pwritev2(fd, &whole, 1, -1, RWF_NOWAIT);
  if (count >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS && errno != ESPIPE)) return count;
  if (writable_now(fd)) return ::write(fd, part.data(), part.size());
  errno = EAGAIN;
  return -1;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

Result<LogTarget> LogTarget::open(const std::string& target, const SyslogOrigin& origin) {
  if (target == "stderr") return share(STDERR_FILENO, target);
  if (target == "stdout") return share(STDOUT_FILENO, target);
  if (const auto receiver = net::parse_syslog_receiver(target)) {
    if (!*receiver) return Failure(receiver->error());
    auto socket = SyslogSocket::open(**receiver);
    if (!socket) return Failure(socket.error());
    SyslogOrigin own = origin;
    own.host = host_name();
    own.process = std::to_string(::getpid());
    return LogTarget(std::move(*socket), std::move(own), target);
  }
  Descriptor fd(::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, kMode));
  if (!fd) return failure_from_errno("open the log " + target);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failure_from_errno("stat the log " + target);
  return LogTarget(std::move(fd), S_ISREG(status.st_mode) ? Kind::file : Kind::stream, target);
}

Result<LogTarget> LogTarget::share(int fd, std::string name) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return failure_from_errno("stat " + name);
  const bool journal = is_journal(fd);
  const auto made = [&](Descriptor own, Kind kind) {
    LogTarget target(std::move(own), kind, name);
    target.journal_ = journal;
    return target;
  };
  if (!S_ISREG(status.st_mode) && !S_ISSOCK(status.st_mode)) {
    // Other processes share the open file description, and with it O_NONBLOCK. Opening the file anew gives one of our
    // own.
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    Descriptor own(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (own) return made(std::move(own), Kind::stream);
  }
  Descriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return failure_from_errno("duplicate " + name);
  if (S_ISREG(status.st_mode)) return made(std::move(copy), Kind::file);
  return made(std::move(copy), S_ISSOCK(status.st_mode) ? Kind::socket : Kind::blocking_stream);
}

bool LogTarget::is_same_file(const LogTarget& other) const {
  struct stat ours{};
  struct stat theirs{};
  if (syslog_ || other.syslog_ || ::fstat(fd(), &ours) != 0 || ::fstat(other.fd(), &theirs) != 0) return false;
  return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

std::size_t LogTarget::longest() const { return syslog_->is_unix() ? kLongestToUnix : kLongestToUdp; }

void LogTarget::append(std::string& lines, const Line& line) const {
  if (syslog_) {
    lines += syslog_message(origin_, line, longest());
  } else {
    if (journal_) lines += '<' + std::to_string(static_cast<unsigned>(line.severity)) + '>';
    lines += line.text;
  }
  lines += '\n';
}

bool LogTarget::has_room_for(const Line& line) const {
  return !syslog_ || syslog_message(origin_, line, std::string::npos).size() <= longest();
}

ssize_t LogTarget::write_once(std::string_view part) const {
  switch (kind_) {
    case Kind::socket: return ::send(fd_.get(), part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::blocking_stream: return write_without_waiting(fd_.get(), part);
    case Kind::file:
    case Kind::stream:
    case Kind::syslog: break;
  }
  return ::write(fd_.get(), part.data(), part.size());
}

/// Sends each line as a datagram.
LogTarget::Written LogTarget::send(std::string_view lines) {
  Written done;
  while (done.bytes < lines.size() && done.error == 0) {
    const auto rest = lines.substr(done.bytes);
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    done.error = syslog_->send(rest.substr(0, length));
    done.refused += syslog_->take_refused();
    if (done.error == 0) done.bytes += std::min(length + 1, rest.size());
  }
  return done;
}

LogTarget::Written LogTarget::write(std::string_view lines) {
  if (syslog_) return send(lines);
  Written done;
  while (done.bytes < lines.size()) {
    const auto rest = lines.substr(done.bytes);
    const auto part = kind_ == Kind::file ? rest : whole_lines(rest, PIPE_BUF);
    const ssize_t count = write_once(part);
    if (count > 0) {
      done.bytes += static_cast<std::size_t>(count);
    } else if (count == 0) {
      done.error = EIO;
      return done;
    } else if (errno != EINTR) {
      done.error = errno;
      return done;
    }
  }
  return done;
}

}  // namespace lastbyte::observe
