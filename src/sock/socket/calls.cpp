#include "sock/socket/calls.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace lastbyte::sock {
namespace {

Outcome outcome_of(long value) { return Outcome{value, value < 0 ? errno : 0}; }

template <typename... Parts>
void tell(const Narrator& narrator, const Outcome& outcome, fmt::format_string<Parts...> format, Parts&&... parts) {
  if (narrator.on()) narrator.call(fmt::format(format, std::forward<Parts>(parts)...), outcome);
}

std::string_view family_name(int family) {
  switch (family) {
    case AF_INET: return "AF_INET";
    case AF_INET6: return "AF_INET6";
    default: return "AF_UNIX";
  }
}

}  // namespace

Descriptor open_socket(int family, int type, const Narrator& narrator, Outcome& outcome) {
  Descriptor socket(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  outcome = outcome_of(socket.get());
  tell(narrator, outcome, "socket({}, {})", family_name(family), type == SOCK_DGRAM ? "SOCK_DGRAM" : "SOCK_STREAM");
  return socket;
}

Outcome bind_socket(int fd, const SockAddress& address, const Narrator& narrator) {
  const auto outcome = outcome_of(::bind(fd, address.data(), address.size()));
  tell(narrator, outcome, "bind({}, {})", fd, address.text());
  return outcome;
}

Outcome listen_socket(int fd, int backlog, const Narrator& narrator) {
  const auto outcome = outcome_of(::listen(fd, backlog));
  tell(narrator, outcome, "listen({}, {})", fd, backlog);
  return outcome;
}

Outcome connect_socket(int fd, const SockAddress& address, const Narrator& narrator) {
  const auto outcome = outcome_of(::connect(fd, address.data(), address.size()));
  tell(narrator, outcome, "connect({}, {})", fd, address.text());
  return outcome;
}

Outcome accept_socket(int fd, SockAddress& peer, const Narrator& narrator) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const auto outcome =
      outcome_of(::accept4(fd, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (outcome.ok()) peer = SockAddress::from_kernel(address, length);
  tell(narrator, outcome, "accept({}, {})", fd, outcome.ok() ? peer.text() : "-");
  return outcome;
}

Outcome set_option(int fd, std::string_view name, int level, int option, int value, const Narrator& narrator) {
  const auto outcome = outcome_of(::setsockopt(fd, level, option, &value, sizeof value));
  if (!narrator.on()) return outcome;
  int held = value;
  socklen_t length = sizeof held;
  const bool known = outcome.ok() && ::getsockopt(fd, level, option, &held, &length) == 0;
  narrator.call(fmt::format("setsockopt({}, {}, {})", fd, name, value), outcome,
                known && held != value ? fmt::format("(the kernel holds {})", held) : "");
  return outcome;
}

Outcome set_linger(int fd, const linger& value, const Narrator& narrator) {
  const auto outcome = outcome_of(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value));
  tell(narrator, outcome, "setsockopt({}, SO_LINGER, {{{}, {}}})", fd, value.l_onoff != 0 ? "on" : "off",
       value.l_linger);
  return outcome;
}

Outcome take_error(int fd, const Narrator& narrator) {
  int error = 0;
  socklen_t length = sizeof error;
  const auto asked = outcome_of(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
  if (!asked.ok()) error = asked.error;
  const Outcome outcome{error == 0 ? 0 : -1, error};
  tell(narrator, outcome, "getsockopt({}, SO_ERROR)", fd);
  return outcome;
}

Outcome receive(int fd, std::span<char> into, const Narrator& narrator) {
  const auto outcome = outcome_of(::recv(fd, into.data(), into.size(), 0));
  tell(narrator, outcome, "recv({}, {})", fd, into.size());
  return outcome;
}

Outcome receive_nothing(int fd, std::size_t most, const Narrator& narrator) {
  const auto outcome = outcome_of(::recv(fd, nullptr, most, MSG_TRUNC));
  tell(narrator, outcome, "recv({}, {}, MSG_TRUNC)", fd, most);
  return outcome;
}

Outcome receive_urgent(int fd, char& byte, const Narrator& narrator) {
  const auto outcome = outcome_of(::recv(fd, &byte, 1, MSG_OOB));
  tell(narrator, outcome, "recv({}, 1, MSG_OOB)", fd);
  return outcome;
}

Outcome send_bytes(int fd, std::span<const char> bytes, const Narrator& narrator) {
  const auto outcome = outcome_of(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  tell(narrator, outcome, "send({}, {})", fd, bytes.size());
  return outcome;
}

Outcome send_urgent(int fd, char byte, const Narrator& narrator) {
  const auto outcome = outcome_of(::send(fd, &byte, 1, MSG_OOB | MSG_NOSIGNAL));
  tell(narrator, outcome, "send({}, 1, MSG_OOB)", fd);
  return outcome;
}

Outcome receive_datagram(int fd, std::span<char> into, SockAddress& from, const Narrator& narrator) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const auto outcome =
      outcome_of(::recvfrom(fd, into.data(), into.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&address), &length));
  if (outcome.ok()) from = SockAddress::from_kernel(address, length);
  tell(narrator, outcome, "recvfrom({}, {}, {})", fd, into.size(), outcome.ok() ? from.text() : "-");
  return outcome;
}

Outcome send_datagram(int fd, std::span<const char> bytes, const SockAddress& to, const Narrator& narrator) {
  const auto outcome =
      outcome_of(::sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL, to.none() ? nullptr : to.data(), to.size()));
  tell(narrator, outcome, "sendto({}, {}, {})", fd, bytes.size(), to.none() ? "the peer" : to.text());
  return outcome;
}

Outcome shut_writing(int fd, const Narrator& narrator) {
  const auto outcome = outcome_of(::shutdown(fd, SHUT_WR));
  tell(narrator, outcome, "shutdown({}, SHUT_WR)", fd);
  return outcome;
}

Outcome close_socket(Descriptor& socket, const Narrator& narrator) {
  const int fd = socket.release();
  const auto before = Clock::now();
  const auto outcome = outcome_of(::close(fd));
  const std::chrono::duration<double> took = Clock::now() - before;
  const bool waited = took >= std::chrono::milliseconds(1);
  if (narrator.on()) {
    narrator.call(fmt::format("close({})", fd), outcome, waited ? fmt::format("({:.3f} s)", took.count()) : "");
  }
  return outcome;
}

}  // namespace lastbyte::sock
