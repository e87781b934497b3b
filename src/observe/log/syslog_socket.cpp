#include "observe/log/syslog_socket.h"

#include <sys/socket.h>

#include <cerrno>

namespace lastbyte::observe {
namespace {

/// Whether the receiver behind a connected UNIX socket has gone (net/unix/af_unix.c unix_dgram_sendmsg), or never
/// existed.
bool has_gone(int error) {
  return error == ECONNREFUSED || error == ENOTCONN || error == ECONNRESET || error == EPIPE || error == EDESTADDRREQ;
}

}  // namespace

Result<SyslogSocket> SyslogSocket::open(const net::Address& receiver) {
  Descriptor fd(::socket(receiver.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failure_from_errno("make a socket for the syslog receiver " + receiver.text());
  SyslogSocket made(std::move(fd), receiver);
  (void)made.connect();  // on failure, send() tries again and reports the reason
  return made;
}

/// connect(2) returns at once for a datagram socket.
int SyslogSocket::connect() {
  connected_ = ::connect(fd_.get(), receiver_.data(), receiver_.size()) == 0;
  return connected_ ? 0 : errno;
}

int SyslogSocket::send_once(std::string_view message) {
  for (;;) {
    if (::send(fd_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno == EWOULDBLOCK ? EAGAIN : errno;
  }
}

int SyslogSocket::send(std::string_view message) {
  if (!connected_)
    if (const int error = connect(); error != 0) return error;
  const int error = send_once(message);
  if (!has_gone(error)) return error;
  if (is_unix()) {
    if (const int why = connect(); why != 0) return why;
  } else {
    ++refused_;  // the error is of an earlier message; this one was not sent yet (udp(7))
  }
  return send_once(message);
}

}  // namespace lastbyte::observe
