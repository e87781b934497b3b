#include "net/socket/newcomers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "net/socket/filter.h"

namespace lastbyte::net {
namespace {

constexpr std::uint32_t kFlagsAt = 13;  // in the TCP header, where a filter's packet begins (net/ipv4/tcp_ipv4.c)
constexpr std::uint32_t kSyn = 0x02;
constexpr std::uint32_t kSynOrAck = 0x12;
constexpr std::uint32_t kWhole = 0xffffffff;

int family_of(int fd) {
  int family = 0;
  socklen_t length = sizeof family;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 ? family : AF_UNSPEC;
}

int result_of(int call) { return call == 0 ? 0 : errno; }

/// Turns TCP_DEFER_ACCEPT off; it makes the last step of a handshake wait for data.
void end_handshakes_at_once(int fd) {
  const int at_once = 0;
  ::setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &at_once, sizeof at_once);
}

/// A number that no interface has.
constexpr int kNoInterface = 0x7fffffff;

}  // namespace

int turn_newcomers_away(int fd) {
  // unix_stream_connect then refuses clients; unix_accept works until the queue is empty (net/unix/af_unix.c).
  if (family_of(fd) == AF_UNIX) return result_of(::shutdown(fd, SHUT_RD));
  // The socket stays open: if it were closed, the kernel would reset the handshakes that it began at their last step
  // (net/ipv4/tcp_ipv4.c tcp_v4_rcv, TCP_NEW_SYN_RECV).
  end_handshakes_at_once(fd);
  const std::array<sock_filter, 5> no_syn{
      sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, kFlagsAt}, sock_filter{BPF_ALU | BPF_AND | BPF_K, 0, 0, kSynOrAck},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, kSyn}, sock_filter{BPF_RET | BPF_K, 0, 0, 0},
      sock_filter{BPF_RET | BPF_K, 0, 0, kWhole}};
  return attach_filter(fd, no_syn);
}

int give_way(int fd) {
  end_handshakes_at_once(fd);
  // Handshakes under way are found without their listener, and stay bound to its interface at the time they began
  // (net/ipv4/inet_hashtables.c __inet_lookup_established, include/net/inet_sock.h inet_request_bound_dev_if).
  return result_of(::setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &kNoInterface, sizeof kNoInterface));
}

int let_newcomers_in(int fd) { return detach_filter(fd); }

}  // namespace lastbyte::net
