#include "admin/client/client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <vector>

#include "admin/client/place.h"
#include "net/address/address.h"

namespace lastbyte::admin {
namespace {

constexpr std::string_view kEndOfHeader = "\r\n\r\n";

Result<Descriptor> connect(const std::string& path) {
  const std::string operation = "connect to the administration at unix:" + path;
  const auto address = net::Address::unix_name(path);
  if (!address) return failure(operation, EINVAL, "expected the path of a UNIX socket");
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return failure_from_errno(operation);
  const timeval patience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), address->data(), address->size()) != 0) return failure_from_errno(operation);
  return socket;
}

Result<void> send(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return failure_from_errno("send the request");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

std::string head(std::string_view method, const std::string& target, std::size_t body) {
  std::string text = std::string(method) + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (body > 0 || method != "GET") text += "Content-Length: " + std::to_string(body) + "\r\n";
  return text + "\r\n";
}

/// Sockets of processes that answer.
std::vector<std::string> running_in(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (pid_of_socket(entry.path().filename().string()) && connect(entry.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace

Result<std::string> find_socket(const std::optional<std::string>& given) {
  if (given) return *given;
  const auto directory = runtime_directory();
  if (!directory)
    return failure("find a running lastbyte", 0,
                   "this user has no runtime directory (XDG_RUNTIME_DIR); expected --socket PATH");
  const std::vector<std::string> found = running_in(*directory);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return failure("find a running lastbyte", 0,
                   "none has its administration in " + *directory + "; expected --socket PATH");
  std::string all;
  for (const std::string& each : found) all += (all.empty() ? "" : ", ") + each;
  return failure("find a running lastbyte", 0,
                 std::to_string(found.size()) + " run: " + all + "; expected --socket with one of them");
}

Result<Answer> ask(const std::string& path, std::string_view method, const std::string& target,
                   const std::string& body) {
  const auto socket = connect(path);
  if (!socket) return Failure(socket.error());
  if (auto sent = send(*socket, head(method, target, body.size()) + body); !sent) return Failure(sent.error());
  std::string all;
  std::array<char, 16384> room{};
  ssize_t got = 0;
  while ((got = ::recv(socket->get(), room.data(), room.size(), 0)) > 0)
    all.append(room.data(), static_cast<std::size_t>(got));
  const std::size_t end = all.find(kEndOfHeader);
  if (got < 0 || !all.starts_with("HTTP/1.1 ") || end == std::string::npos)
    return failure("read the answer of unix:" + path, got < 0 ? errno : EPROTO, "expected an answer of HTTP/1.1");
  Answer answer;
  std::from_chars(all.data() + 9, all.data() + 12, answer.status);
  answer.body = all.substr(end + kEndOfHeader.size());
  return answer;
}

Result<void> follow(const std::string& path, const std::string& target,
                    const std::function<void(std::string_view line)>& line) {
  const auto socket = connect(path);
  if (!socket) return Failure(socket.error());
  const timeval forever{};
  ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof forever);
  if (auto sent = send(*socket, head("GET", target, 0)); !sent) return sent;
  std::string text;
  std::array<char, 16384> room{};
  bool in_body = false;
  ssize_t got = 0;
  while ((got = ::recv(socket->get(), room.data(), room.size(), 0)) > 0) {
    text.append(room.data(), static_cast<std::size_t>(got));
    if (!in_body) {
      const std::size_t end = text.find(kEndOfHeader);
      if (end == std::string::npos) continue;
      if (!text.starts_with("HTTP/1.1 200 "))
        return failure("follow unix:" + path, 0, "the answer is " + text.substr(0, text.find('\r')));
      text.erase(0, end + kEndOfHeader.size());
      in_body = true;
    }
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      line(std::string_view(text).substr(begin, end - begin));
    text.erase(0, begin);
  }
  if (got < 0) return failure_from_errno("follow unix:" + path);
  if (!in_body) return failure("follow unix:" + path, EPROTO, "it ended without an answer");
  return {};
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<unsigned char>(c) >> 4U];
      out += kDigits[static_cast<unsigned char>(c) & 15U];
    }
  }
  return out;
}

}  // namespace lastbyte::admin
