#include "net/diag/port_use.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::net {
namespace {

/// As net/ipv4/inet_diag.c numbers them (include/net/tcp_states.h).
constexpr std::uint32_t kTimeWait = 6;
constexpr std::uint32_t kSynReceived = 3;
constexpr std::uint32_t kListening = 10;
constexpr std::uint32_t kNewSynReceived = 12;
constexpr std::uint32_t kHoldingAPort = ~(1U << kSynReceived | 1U << kListening | 1U << kNewSynReceived);

std::span<const std::byte> bytes_of(const Address& address) {
  if (address.family() == AF_INET6)
    return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 1));
  return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 1));
}

/// A netlink message as it is put together: every part of it is a multiple of 4 bytes long.
class Message {
 public:
  template <typename Part>
  void append(const Part& part) {
    append(std::as_bytes(std::span(&part, 1)));
  }
  void append(std::span<const std::byte> part) { bytes_.insert(bytes_.end(), part.begin(), part.end()); }
  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Asks for a dump of what stands towards `to`. The kernel filters by a program of one operation: its `yes` leads to
/// the program's end (the socket is told), its `no` beyond it (it is not; net/ipv4/inet_diag.c inet_diag_bc_run).
std::vector<std::byte> request_for(const Address& to) {
  const auto family = static_cast<std::uint8_t>(to.family());
  const auto ip = bytes_of(to);
  const std::size_t program = sizeof(inet_diag_bc_op) + sizeof(inet_diag_hostcond) + ip.size();
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + sizeof(inet_diag_req_v2) + sizeof(nlattr) + program);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  inet_diag_req_v2 asked{};
  asked.sdiag_family = family;
  asked.sdiag_protocol = IPPROTO_TCP;
  asked.idiag_states = kHoldingAPort;
  const nlattr attribute{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + program),
                         .nla_type = INET_DIAG_REQ_BYTECODE};
  const inet_diag_bc_op operation{.code = INET_DIAG_BC_D_COND,
                                  .yes = static_cast<std::uint8_t>(program),
                                  .no = static_cast<std::uint16_t>(program + sizeof(inet_diag_bc_op))};
  inet_diag_hostcond condition{};
  condition.family = family;
  condition.prefix_len = static_cast<std::uint8_t>(ip.size() * 8);
  condition.port = to.port();

  Message message;
  message.append(header);
  message.append(asked);
  message.append(attribute);
  message.append(operation);
  message.append(condition);
  message.append(ip);
  return message.bytes();
}

void count(const inet_diag_msg& socket, std::span<const Address> sources, PortUse& use) {
  const auto is_its_source = [&](const Address& source) {
    const auto ip = bytes_of(source);
    return source.family() == socket.idiag_family && std::memcmp(ip.data(), socket.id.idiag_src, ip.size()) == 0;
  };
  if (!sources.empty() && std::ranges::none_of(sources, is_its_source)) return;
  ++use.sockets;
  if (socket.idiag_state == kTimeWait) ++use.time_wait;
}

template <typename Part>
Part read(std::span<const std::byte> bytes) {
  Part part{};
  std::memcpy(&part, bytes.data(), std::min(sizeof part, bytes.size()));
  return part;
}

/// Takes one datagram of the answer. True: it was the last. `error`: the kernel's refusal, an errno.
bool take(std::span<const std::byte> answer, std::span<const Address> sources, PortUse& use, int& error) {
  while (answer.size() >= sizeof(nlmsghdr)) {
    const auto header = read<nlmsghdr>(answer);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > answer.size()) break;
    const auto payload = answer.first(header.nlmsg_len).subspan(sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      error = -read<nlmsgerr>(payload).error;
      return true;
    }
    count(read<inet_diag_msg>(payload), sources, use);
    const std::size_t aligned = (header.nlmsg_len + 3U) & ~std::size_t{3};
    answer = answer.subspan(std::min(aligned, answer.size()));
  }
  return false;
}

}  // namespace

Result<PortUse> ports_in_use(const Address& to, std::span<const Address> sources) {
  const auto operation = [&] { return "count the sockets towards " + to.text() + " (sock_diag)"; };
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket) return failure_from_errno(operation());
  const auto request = request_for(to);
  if (::send(socket.get(), request.data(), request.size(), 0) < 0) return failure_from_errno(operation());
  PortUse use;
  // net/netlink/af_netlink.c netlink_dump makes datagrams of 32 KiB at most.
  std::array<std::byte, 32 * 1024> answer;
  for (;;) {
    const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failure_from_errno(operation());
    int error = 0;
    const bool last = take(std::span(answer).first(static_cast<std::size_t>(got)), sources, use, error);
    if (error != 0) return failure(operation(), error);
    if (last) return use;
  }
}

Result<PortRange> local_port_range() {
  constexpr auto kPath = "/proc/sys/net/ipv4/ip_local_port_range";
  std::ifstream file(kPath);
  PortRange range;
  if (!(file >> range.first >> range.last) || range.last < range.first)
    return failure(std::string("read ") + kPath, file.is_open() ? 0 : ENOENT, "the file does not exist here");
  return range;
}

bool may_meet_itself(const Address& to, std::span<const Address> sources) {
  if (to.is_unix()) return false;
  Address any_port = to;
  any_port.set_port(0);
  const Descriptor probe(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (probe && ::bind(probe.get(), any_port.data(), any_port.size()) != 0 && errno == EADDRNOTAVAIL) return false;
  if (std::ranges::any_of(sources, [&](const Address& source) { return source.port() == to.port(); })) return true;
  const auto range = local_port_range();
  return !range || (range->first <= to.port() && to.port() <= range->last);
}

}  // namespace lastbyte::net
