#include "tests/proxy/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "proxy/proxy.h"

namespace lastbyte::proxy::test {

Daemon::Daemon(const config::Config& config, const std::function<void()>& prepare)
    : Daemon([&] {
        if (prepare) prepare();
        return run(config);
      }) {}

Daemon::Daemon(const std::function<int()>& body) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  error_ = Descriptor(ends[0]);
  const Descriptor write_end(ends[1]);
  child_.emplace(body, write_end.get());
}

std::optional<std::string> Daemon::next_line() {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      seen_.push_back(line);
      return line;
    }
    std::array<char, 4096> some{};
    const ssize_t count = ::read(error_.get(), some.data(), some.size());
    if (count <= 0) return std::nullopt;
    buffer_.append(some.data(), static_cast<std::size_t>(count));
  }
}

std::string Daemon::line_with(const std::string& part) {
  while (auto line = next_line())
    if (line->find(part) != std::string::npos) return *line;
  return {};
}

std::vector<std::string> Daemon::all_lines() {
  while (next_line()) {
  }
  return seen_;
}

std::uint16_t Daemon::port() {
  const std::string line = line_with("listening on ");
  const auto colon = line.find(':', line.find("listening on "));
  if (colon == std::string::npos) throw std::runtime_error("it does not listen");
  return static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
}

config::Config forwarding_to(std::uint16_t upstream) {
  relay::Forwarding forwarding;
  forwarding.name = "test";
  forwarding.listen = net::Endpoint::tcp("127.0.0.1", 0);
  forwarding.connect = net::Endpoint::tcp("127.0.0.1", upstream);
  config::Config config;
  config.forwardings.push_back(std::move(forwarding));
  config.workers = 1;
  return config;
}

Descriptor listen_anywhere() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 64) != 0)
    throw std::runtime_error("listen");
  return socket;
}

std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.sin_port);
}

Descriptor connect_to(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

Descriptor accept_one(const Descriptor& listening) {
  return Descriptor(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

void send_all(const Descriptor& socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

std::string receive_all(const Descriptor& socket) {
  std::string all;
  for (;;) {
    std::array<char, 65536> some{};
    const ssize_t count = ::recv(socket.get(), some.data(), some.size(), 0);
    if (count > 0) {
      all.append(some.data(), static_cast<std::size_t>(count));
    } else {
      return count == 0 ? all : all + (errno == ECONNRESET ? " RST" : " error");
    }
  }
}

}  // namespace lastbyte::proxy::test
