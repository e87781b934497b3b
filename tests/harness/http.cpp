#include "tests/harness/http.h"

#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstdlib>
#include <sstream>

namespace lastbyte::test {

std::string HttpAnswer::header(const std::string& name) const {
  std::istringstream lines(head);
  for (std::string line; std::getline(lines, line);)
    if (line.size() > name.size() && line[name.size()] == ':' &&
        ::strncasecmp(line.c_str(), name.c_str(), name.size()) == 0)
      return line.substr(line.find_first_not_of(' ', name.size() + 1), line.find('\r') - name.size() - 2);
  return "";
}

Descriptor connect_to(const net::Address& address) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), address.data(), address.size()) != 0) return {};
  return socket;
}

void send_all(const Descriptor& socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t put = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) return;
    sent += static_cast<std::size_t>(put);
  }
}

std::string read_all(const Descriptor& socket) {
  std::string all;
  std::array<char, 16384> room{};
  for (ssize_t got = 0; (got = ::recv(socket.get(), room.data(), room.size(), 0)) > 0;)
    all.append(room.data(), static_cast<std::size_t>(got));
  return all;
}

HttpAnswer parse_answer(const std::string& bytes) {
  HttpAnswer answer;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || end == std::string::npos) return answer;
  answer.status = std::atoi(bytes.c_str() + 9);
  answer.head = bytes.substr(0, end + 2);
  answer.body = bytes.substr(end + 4);
  return answer;
}

HttpAnswer http(const net::Address& at, const std::string& method, const std::string& target,
                const std::vector<std::string>& headers, const std::string& body) {
  const Descriptor socket = connect_to(at);
  if (!socket) return {};
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  for (const std::string& each : headers) request += each + "\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  send_all(socket, request + "\r\n" + body);
  return parse_answer(read_all(socket));
}

}  // namespace lastbyte::test
