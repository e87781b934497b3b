#include "admin/client/stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "admin/client/exchange.h"
#include "base/text.h"

namespace lastbyte::admin {

namespace {

constexpr std::string_view kHeadEnds = "\r\n\r\n";
constexpr std::size_t kLongestLine = 1U << 20U;

pid_t peer_of(const Descriptor& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

Result<Stream> Stream::open(const std::string& socket, const std::string& target) {
  auto connected = connect_to_admin(socket);
  if (!connected) return Failure(connected.error());
  const std::string request = text_of({.target = target});  // shorter than any send buffer, so one send() suffices
  if (::send(connected->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return failure_from_errno("follow unix:" + socket);
  Stream stream;
  stream.name_ = "follow unix:" + socket;
  stream.pid_ = peer_of(*connected);
  stream.socket_ = std::move(*connected);
  return stream;
}

Result<bool> Stream::take(const std::function<void(std::string_view line)>& line) {
  std::array<char, 16384> room{};
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return true;
    if (got < 0) return failure_from_errno(name_);
    if (got == 0) {
      if (!in_body_) return failure(name_, EPROTO, "the connection ended without an answer");
      return false;
    }
    text_.append(room.data(), static_cast<std::size_t>(got));
    if (auto taken = take_text(line); !taken) return Failure(taken.error());
  }
}

Result<void> Stream::take_text(const std::function<void(std::string_view line)>& line) {
  if (!in_body_) {
    const std::size_t end = text_.find(kHeadEnds);
    if (end == std::string::npos && text_.size() > kLongestLine)
      return failure(name_, EMSGSIZE, "the header is too long");
    if (end == std::string::npos) return {};
    if (!text_.starts_with("HTTP/1.1 200 "))
      return failure(name_, 0,
                     "the answer is " + printable(text_.substr(0, std::min<std::size_t>(text_.find('\r'), 80))));
    text_.erase(0, end + kHeadEnds.size());
    in_body_ = true;
  }
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1)
    line(std::string_view(text_).substr(begin, end - begin));
  text_.erase(0, begin);
  if (text_.size() > kLongestLine) return failure(name_, EMSGSIZE, "a line is too long");
  return {};
}

}  // namespace lastbyte::admin
