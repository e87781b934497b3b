#include "sock/operator/standard.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace lastbyte::sock {

void Input::read_into(std::string& to, std::size_t most) {
  const auto before = to.size();
  to.resize(before + most);
  const auto got = ::read(fd_, to.data() + before, most);
  to.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const bool later = got < 0 && (errno == EINTR || errno == EAGAIN);
  if (got <= 0 && !later) open_ = false;
}

Output::Output(int fd) : fd_(fd) {
  struct stat what{};
  if (::fstat(fd, &what) != 0) return;
  if (S_ISREG(what.st_mode)) kind_ = Kind::file;
  if (S_ISSOCK(what.st_mode)) kind_ = Kind::socket;
  if (S_ISFIFO(what.st_mode)) {
    own_ = Descriptor(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (own_) kind_ = Kind::pipe;
  }
}

ssize_t Output::write_some(std::span<const char> bytes) {
  ssize_t written = 0;
  switch (kind_) {
    case Kind::file: written = ::write(fd_, bytes.data(), bytes.size()); break;
    case Kind::pipe: written = ::write(own_.get(), bytes.data(), bytes.size()); break;
    case Kind::socket: written = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL); break;
    // A pipe that is writable takes this many bytes without blocking (pipe(7)).
    case Kind::other: written = ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF)); break;
  }
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return written;
}

}  // namespace lastbyte::sock
