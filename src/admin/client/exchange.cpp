#include "admin/client/exchange.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "net/address/address.h"

namespace lastbyte::admin {
namespace {

constexpr std::string_view kEndOfHeader = "\r\n\r\n";

/// Returns the value of a header; `head` has one header per line. Empty: there is no such header.
std::string_view header_of(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    const bool same = line.size() > name.size() && line[name.size()] == ':' &&
                      std::ranges::equal(line.substr(0, name.size()), name,
                                         [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    if (same) {
      const std::size_t value = line.find_first_not_of(' ', name.size() + 1);
      return value == std::string_view::npos ? std::string_view() : line.substr(value);
    }
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  return {};
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<Descriptor> connect_to_admin(const std::string& path) {
  const std::string operation = "connect to the administration at unix:" + path;
  const auto address = net::Address::unix_name(path);
  if (!address) return failure(operation, EINVAL, "expected the path of a UNIX socket");
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket || ::connect(socket.get(), address->data(), address->size()) != 0) return failure_from_errno(operation);
  return socket;
}

std::string text_of(const ClientRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

Result<Answer> parse_answer(const std::string& path, std::string_view text) {
  const std::string operation = "read the answer of unix:" + path;
  if (text.empty()) return failure(operation, ECONNRESET, "the instance closed the connection without an answer");
  const std::size_t end = text.find(kEndOfHeader);
  const auto status =
      text.starts_with("HTTP/1.1 ") && text.size() >= 12 ? number_in<int>(text.substr(9, 3)) : std::nullopt;
  if (!status || end == std::string_view::npos)
    return failure(operation, EPROTO, "not an answer of HTTP/1.1; expected the socket of admin.listen");
  const std::string_view body = text.substr(end + kEndOfHeader.size());
  const std::string_view length = header_of(text.substr(0, end), "content-length");
  if (!length.empty() && number_in<std::size_t>(length) != body.size())
    return failure(operation, EPROTO,
                   "the connection ended after " + std::to_string(body.size()) + " of " +
                       std::string(length.substr(0, 20)) + " bytes");
  return Answer{.status = *status, .body = std::string(body)};
}

Result<Exchange> Exchange::begin(const std::string& path, const ClientRequest& request) {
  auto socket = connect_to_admin(path);
  if (!socket) return Failure(socket.error());
  return Exchange(path, std::move(*socket), text_of(request));
}

short Exchange::events() const { return unsent_.empty() ? POLLIN : POLLOUT; }

std::optional<Result<Answer>> Exchange::go_on() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return std::nullopt;
    if (sent < 0 && errno == EPIPE) break;  // the instance may have answered before it closed
    if (sent < 0) return failure_from_errno("send the request to unix:" + path_);
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  unsent_.clear();
  std::array<char, 65536> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv() fills it
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::nullopt;
    if (got < 0) return failure_from_errno("read the answer of unix:" + path_);
    if (got == 0) return parse_answer(path_, received_);
    received_.append(room.data(), static_cast<std::size_t>(got));
    if (received_.size() > kMostBytes)
      return failure("read the answer of unix:" + path_, EMSGSIZE, "the answer is longer than 64 MiB");
  }
}

}  // namespace lastbyte::admin
